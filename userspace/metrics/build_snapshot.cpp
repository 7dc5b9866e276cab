#include "metrics/build_snapshot.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

#include "base/utf8.hpp"

namespace metrics {
namespace {

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

void make_valid(std::vector<std::string>& labels) {
  for (std::string& label : labels) {
    if (!std::ranges::all_of(label, [](char byte) { return static_cast<unsigned char>(byte) < 0x80; })) {
      label = base::to_valid_utf8(label);
    }
  }
}

Series series_of(collect::Sample sample, std::size_t bucket_count, double created) {
  make_valid(sample.labels);
  sample.buckets.resize(bucket_count);
  return {.labels = std::move(sample.labels),
          .number = sample.number,
          .buckets = std::move(sample.buckets),
          .created = created};
}

void add(Series& series, const Series& other) {
  series.created = std::min(series.created, other.created);
  series.number += other.number;
  std::ranges::transform(series.buckets, other.buckets, series.buckets.begin(), std::plus());
}

// Adds up series of equal labels and sorts them.
void merge(std::vector<Series>& all) {
  std::ranges::stable_sort(all, {}, &Series::labels);
  auto last = all.begin();
  for (auto next = all.begin(); next != all.end(); ++next) {
    if (next == last) {
      continue;
    }
    if (next->labels == last->labels) {
      add(*last, *next);
    } else if (++last != next) {
      *last = std::move(*next);
    }
  }
  if (!all.empty()) {
    all.erase(last + 1, all.end());
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

Family make_family(const config::Metric& metric, std::vector<Series> series) {
  merge(series);
  for (Series& each : series) {
    make_cumulative(each.buckets);
  }
  return {.name = metric.name,
          .help = base::to_valid_utf8(metric.help),
          .kind = family_kind(metric.kind),
          .unit = metric.unit,
          .labels = metric.labels,
          .bounds = metric.buckets,
          .series = std::move(series)};
}

}  // namespace

Snapshot build_snapshot(const std::vector<config::Metric>& metrics, std::vector<collect::Sample> samples,
                        std::optional<std::string_view> service, const Began& began) {
  std::map<std::string_view, std::vector<Series>> series;
  std::map<std::string_view, const config::Metric*> metric_of;
  for (const config::Metric& metric : metrics) {
    metric_of.emplace(metric.name, &metric);
  }
  for (collect::Sample& sample : samples) {
    const auto metric = metric_of.find(sample.metric);
    if (metric == metric_of.end() || (service && sample.service != *service)) {
      continue;
    }
    const bool is_histogram = metric->second->kind == config::MetricKind::kHistogram;
    const double created = beginning_of(began, sample);
    series[metric->first].push_back(
        series_of(std::move(sample), is_histogram ? metric->second->buckets.size() + 1 : 0, created));
  }
  std::vector<Family> families;
  families.reserve(series.size());
  for (auto& [name, of_metric] : series) {
    families.push_back(make_family(*metric_of.at(name), std::move(of_metric)));
  }
  return {.families = std::move(families)};
}

Snapshot with_families(Snapshot snapshot, std::vector<Family> families) {
  std::ranges::move(families, std::back_inserter(snapshot.families));
  std::ranges::sort(snapshot.families, {}, &Family::name);
  return snapshot;
}

}  // namespace metrics
