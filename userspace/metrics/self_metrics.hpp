// The exporter about itself: uprobe_exporter_* and process_*. docs/metrics.md lists them all; a test
// compares.
#pragma once

#include <vector>

#include "metrics/self_state.hpp"
#include "metrics/snapshot.hpp"

namespace metrics {

// Families without a series (no probe, no loss) are left out.
[[nodiscard]] std::vector<Family> self_metrics(const SelfState& state);

}  // namespace metrics
