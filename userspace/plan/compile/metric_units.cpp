#include "plan/compile/metric_units.hpp"

#include <cmath>
#include <limits>

namespace plan {
namespace {

// 0.1 ms is 99999.99999999999 ns in binary: what was meant is a whole number when it is this close to one.
constexpr double kRoundingError = 1e-6;

std::int64_t whole(double value) {
  const double nearest = std::round(value);
  const double rounded = std::abs(value - nearest) <= kRoundingError ? nearest : std::floor(value);
  constexpr auto kLimit = static_cast<double>(std::numeric_limits<std::int64_t>::max());
  if (rounded >= kLimit) {
    return std::numeric_limits<std::int64_t>::max();
  }
  return rounded <= -kLimit ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(rounded);
}

}  // namespace

std::optional<double> nanoseconds_per(std::string_view unit) {
  if (unit == "ns") {
    return 1;
  }
  if (unit == "us") {
    return 1e3;
  }
  if (unit == "ms") {
    return 1e6;
  }
  return unit == "s" ? std::optional(1e9) : std::nullopt;
}

std::vector<std::int64_t> whole_bounds(const std::vector<double>& buckets, double unit_size) {
  std::vector<std::int64_t> bounds;
  bounds.reserve(buckets.size());
  for (const double bucket : buckets) {
    bounds.push_back(whole(bucket * unit_size));
  }
  return bounds;
}

}  // namespace plan
