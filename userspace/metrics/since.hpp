// What was counted between two moments.
#pragma once

#include "metrics/snapshot.hpp"

namespace metrics {

// Counters and histograms of `later` less what `earlier` has of the same series; gauges as they are later. A
// series or family that is not in `earlier`, or has other buckets there, counts from 0.
[[nodiscard]] Snapshot since(Snapshot later, const Snapshot& earlier);

}  // namespace metrics
