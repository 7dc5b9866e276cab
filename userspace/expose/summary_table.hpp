// Snapshot -> a table for people: what was counted in a while.
#pragma once

#include <chrono>
#include <string>

#include "metrics/snapshot.hpp"

namespace expose {

// A table for each family that has series, the busiest series first, of which the first 20 are shown.
// Counters have their number and rate, histograms also mean, median and 99th percentile in the metric's unit,
// read from the buckets as Prometheus' histogram_quantile() does it; gauges have their value. `watched` is
// the time in which it was counted, above 0.
[[nodiscard]] std::string summary_table(const metrics::Snapshot& snapshot,
                                        std::chrono::duration<double> watched);

}  // namespace expose
