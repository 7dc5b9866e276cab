// Counters, histograms and gauges that are set: samples from the series maps.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "collect/binary_view.hpp"
#include "collect/read_maps.hpp"

namespace collect {

// Samples of one probe. `unwound` are calls of it that ended by a panic.
[[nodiscard]] base::Result<std::vector<Sample>> series_samples(const BinaryView& view, std::size_t probe,
                                                               const std::vector<RawUnwound>& unwound);

}  // namespace collect
