#include "collect/metric_shape.hpp"

#include <algorithm>
#include <cstddef>

namespace collect {

using config::MetricKind;
using config::RecordKind;

MetricShape shape_of(const config::Metric& metric) {
  return {.kind = metric.kind, .labels = metric.labels, .unit = metric.unit, .buckets = metric.buckets};
}

bool counts_for(RecordKind record, MetricKind metric) {
  switch (record) {
    case RecordKind::kCount:
      return metric == MetricKind::kCounter;
    case RecordKind::kDuration:
    case RecordKind::kObserve:
      return metric == MetricKind::kHistogram;
    case RecordKind::kInFlight:
    case RecordKind::kPairUp:
    case RecordKind::kPairDown:
    case RecordKind::kSet:
    case RecordKind::kPoll:
      return metric == MetricKind::kGauge;
  }
  return false;
}

bool can_rebucket(std::span<const double> from, std::span<const double> to) {
  return std::ranges::includes(from, to);
}

std::vector<std::uint64_t> rebucket(std::span<const std::uint64_t> counts, std::span<const double> from,
                                    std::span<const double> to) {
  std::vector<std::uint64_t> result(to.size() + 1);
  std::size_t bucket = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    result[bucket] += counts[i];
    if (bucket < to.size() && i < from.size() && from[i] == to[bucket]) {
      ++bucket;
    }
  }
  return result;
}

}  // namespace collect
