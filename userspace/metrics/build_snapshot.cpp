#include "metrics/build_snapshot.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

#include "base/utf8.hpp"

namespace metrics {
namespace {

using SeriesByLabels = std::map<std::vector<std::string>, Series>;

FamilyKind family_kind(config::MetricKind kind) {
  switch (kind) {
    case config::MetricKind::kCounter:
      return FamilyKind::kCounter;
    case config::MetricKind::kHistogram:
      return FamilyKind::kHistogram;
    case config::MetricKind::kGauge:
    case config::MetricKind::kRatio:
      return FamilyKind::kGauge;
  }
  return FamilyKind::kGauge;
}

std::vector<std::string> label_values(const collect::Sample& sample) {
  std::vector<std::string> values;
  values.reserve(sample.labels.size());
  std::ranges::transform(sample.labels, std::back_inserter(values), base::to_valid_utf8);
  return values;
}

void add(Series& series, const collect::Sample& sample) {
  series.number += sample.number;
  for (std::size_t i = 0; i < std::min(series.buckets.size(), sample.buckets.size()); ++i) {
    series.buckets[i] += sample.buckets[i];
  }
}

// 0 where it is not known.
double beginning_of(const Began& began, const collect::Sample& sample) {
  const auto service = began.find(sample.service);
  if (service == began.end()) {
    return 0;
  }
  const auto metric = service->second.find(sample.metric);
  return metric == service->second.end() ? 0 : metric->second;
}

void make_cumulative(std::vector<std::uint64_t>& buckets) {
  std::uint64_t count = 0;
  for (std::uint64_t& bucket : buckets) {
    count += bucket;
    bucket = count;
  }
}

Family make_family(const config::Metric& metric, SeriesByLabels by_labels) {
  Family family{.name = metric.name,
                .help = base::to_valid_utf8(metric.help),
                .kind = family_kind(metric.kind),
                .unit = metric.unit,
                .labels = metric.labels,
                .bounds = metric.buckets,
                .series = {}};
  for (auto& [labels, series] : by_labels) {
    series.labels = labels;
    make_cumulative(series.buckets);
    family.series.push_back(std::move(series));
  }
  return family;
}

}  // namespace

Snapshot build_snapshot(const std::vector<config::Metric>& metrics, std::span<const collect::Sample> samples,
                        std::optional<std::string_view> service, const Began& began) {
  std::map<std::string_view, SeriesByLabels> series_of;
  std::map<std::string_view, const config::Metric*> metric_of;
  for (const config::Metric& metric : metrics) {
    metric_of.emplace(metric.name, &metric);
  }
  for (const collect::Sample& sample : samples) {
    const auto metric = metric_of.find(sample.metric);
    if (metric == metric_of.end() || (service && sample.service != *service)) {
      continue;
    }
    const bool is_histogram = metric->second->kind == config::MetricKind::kHistogram;
    const std::size_t bucket_count = is_histogram ? metric->second->buckets.size() + 1 : 0;
    const double created = beginning_of(began, sample);
    const Series empty{
        .labels = {}, .number = 0, .buckets = std::vector<std::uint64_t>(bucket_count), .created = created};
    Series& series = series_of[metric->first].try_emplace(label_values(sample), empty).first->second;
    series.created = std::min(series.created, created);
    add(series, sample);
  }
  std::vector<Family> families;
  families.reserve(series_of.size());
  for (auto& [name, by_labels] : series_of) {
    families.push_back(make_family(*metric_of.at(name), std::move(by_labels)));
  }
  return {.families = std::move(families)};
}

Snapshot with_families(Snapshot snapshot, std::vector<Family> families) {
  std::ranges::move(families, std::back_inserter(snapshot.families));
  std::ranges::sort(snapshot.families, {}, &Family::name);
  return snapshot;
}

}  // namespace metrics
