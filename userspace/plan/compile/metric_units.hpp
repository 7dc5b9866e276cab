// Units of metrics: how whole numbers in the kernel become the metric's own numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace plan {

// Nanoseconds in one "ns", "us", "ms" or "s"; nothing for other units.
[[nodiscard]] std::optional<double> nanoseconds_per(std::string_view unit);

// Upper bounds in whole numbers of which `unit_size` make one of the metric's unit. A whole number is at most
// a bound exactly when it is at most the bound rounded down.
[[nodiscard]] std::vector<std::int64_t> whole_bounds(const std::vector<double>& buckets, double unit_size);

}  // namespace plan
