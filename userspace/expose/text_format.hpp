// Snapshot -> Prometheus' text format, version 0.0.4.
#pragma once

#include <string>

#include "metrics/snapshot.hpp"

namespace expose {

[[nodiscard]] std::string text_format(const metrics::Snapshot& snapshot);

}  // namespace expose
