// What makes counts of one metric comparable: its kind, labels, unit and buckets. When the configuration
// changes them, counts made before are carried over where they can be.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "plan/probe_plan.hpp"

namespace collect {

struct MetricShape {
  config::MetricKind kind = config::MetricKind::kCounter;
  std::vector<std::string> labels;
  std::string unit;
  std::vector<double> buckets;  // upper bounds in `unit`, ascending, without +Inf

  bool operator==(const MetricShape&) const = default;
};

[[nodiscard]] MetricShape shape_of(const config::Metric& metric);

// Whether what a record counts belongs to a metric of this kind.
[[nodiscard]] bool counts_for(config::RecordKind record, config::MetricKind metric);

// Whether observations in buckets with the bounds `from` can be told in buckets with the bounds `to`: each
// bound of `to` is one of `from`. Units must be equal.
[[nodiscard]] bool can_rebucket(std::span<const double> from, std::span<const double> to);

// Observations per bucket, not cumulative, the last above all bounds; can_rebucket() must hold.
[[nodiscard]] std::vector<std::uint64_t> rebucket(std::span<const std::uint64_t> counts,
                                                  std::span<const double> from, std::span<const double> to);

}  // namespace collect
