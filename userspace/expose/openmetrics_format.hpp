// Snapshot -> OpenMetrics 1.0.0.
#pragma once

#include <string>

#include "metrics/snapshot.hpp"

namespace expose {

// A counter whose name does not end in _total cannot be a counter in this format; it keeps its name and is of
// unknown type, as with Prometheus' own client library. A unit is named only where the name ends with it.
[[nodiscard]] std::string openmetrics_format(const metrics::Snapshot& snapshot);

}  // namespace expose
