#include "metrics/since.hpp"

#include <algorithm>

namespace metrics {
namespace {

void subtract(Series& series, const Series& earlier) {
  series.number -= earlier.number;
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    series.buckets[i] -= earlier.buckets[i];
  }
}

void subtract(Family& family, const Family& earlier) {
  if (family.kind == FamilyKind::kGauge || family.kind != earlier.kind || family.labels != earlier.labels ||
      family.bounds != earlier.bounds) {
    return;
  }
  for (Series& series : family.series) {
    const auto before = std::ranges::find(earlier.series, series.labels, &Series::labels);
    if (before != earlier.series.end()) {
      subtract(series, *before);
    }
  }
}

}  // namespace

Snapshot since(Snapshot later, const Snapshot& earlier) {
  for (Family& family : later.families) {
    const auto before = std::ranges::find(earlier.families, family.name, &Family::name);
    if (before != earlier.families.end()) {
      subtract(family, *before);
    }
  }
  return later;
}

}  // namespace metrics
