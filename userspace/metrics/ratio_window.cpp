#include "metrics/ratio_window.hpp"

#include <algorithm>
#include <cstddef>

#include "base/utf8.hpp"

namespace metrics {
namespace {

// What a counter grew by; after a reset, all that it shows is new.
double increase(double before, double now) {
  return now >= before ? now - before : now;
}

const config::Metric* find_metric(const std::vector<config::Metric>& metrics, std::string_view name) {
  const auto found = std::ranges::find(metrics, name, &config::Metric::name);
  return found == metrics.end() ? nullptr : &*found;
}

// The value of label `name` in a sample whose labels are called `names`.
std::string label_of(const collect::Sample& sample, const std::vector<std::string>& names,
                     std::string_view name) {
  const auto index = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  return index < sample.labels.size() ? base::to_valid_utf8(sample.labels[index]) : std::string();
}

}  // namespace

void LookupWindow::record(Time now, std::chrono::seconds window, Lookups totals) {
  const Lookups grown{.hits = increase(totals_.hits, totals.hits),
                      .misses = increase(totals_.misses, totals.misses)};
  totals_ = totals;
  if (grown == Lookups{}) {
    return;
  }
  // However often somebody scrapes, a window holds at most about this many steps.
  constexpr int kSteps = 300;
  if (!seen_.empty() && now - seen_.back().time < std::chrono::duration<double>(window) / kSteps) {
    seen_.back().lookups.hits += grown.hits;
    seen_.back().lookups.misses += grown.misses;
  } else {
    seen_.push_back({.time = now, .lookups = grown});
  }
}

void LookupWindow::forget_before(Time oldest) {
  while (!seen_.empty() && seen_.front().time < oldest) {
    seen_.pop_front();
  }
}

Lookups LookupWindow::sum() const {
  Lookups sum;
  for (const Seen& seen : seen_) {
    sum.hits += seen.lookups.hits;
    sum.misses += seen.lookups.misses;
  }
  return sum;
}

RatioWindows::RatioWindows(const std::vector<config::Metric>& metrics) {
  for (const config::Metric& metric : metrics) {
    if (!metric.ratio) {
      continue;
    }
    if (const config::Metric* counter = find_metric(metrics, metric.ratio->counter)) {
      ratios_.push_back(
          {.metric = metric, .of = *metric.ratio, .counter_labels = counter->labels, .windows = {}});
    }
  }
}

std::map<RatioWindows::LabelSet, Lookups> RatioWindows::totals_of(const Ratio& ratio,
                                                                  std::span<const collect::Sample> samples) {
  std::map<LabelSet, Lookups> totals;
  for (const collect::Sample& sample : samples) {
    if (sample.metric != ratio.of.counter) {
      continue;
    }
    const std::string result = label_of(sample, ratio.counter_labels, ratio.of.label);
    if (result != ratio.of.hit && result != ratio.of.miss) {
      continue;
    }
    LabelSet set{.service = sample.service, .labels = {}};
    for (const std::string& name : ratio.metric.labels) {
      set.labels.push_back(label_of(sample, ratio.counter_labels, name));
    }
    Lookups& lookups = totals[std::move(set)];
    (result == ratio.of.hit ? lookups.hits : lookups.misses) += sample.number;
  }
  return totals;
}

void RatioWindows::start_from(std::span<const collect::Sample> samples) {
  for (Ratio& ratio : ratios_) {
    for (const auto& [set, totals] : totals_of(ratio, samples)) {
      ratio.windows[set].start_from(totals);
    }
  }
}

void RatioWindows::record(LookupWindow::Time now, std::span<const collect::Sample> samples) {
  for (Ratio& ratio : ratios_) {
    for (const auto& [set, totals] : totals_of(ratio, samples)) {
      ratio.windows[set].record(now, ratio.of.window, totals);
    }
    // A window is never removed, only emptied: a label set that comes back goes on from its old totals.
    for (auto& [set, window] : ratio.windows) {
      window.forget_before(now - ratio.of.window);
    }
  }
}

std::vector<Family> RatioWindows::families(std::optional<std::string_view> service) const {
  std::vector<Family> families;
  for (const Ratio& ratio : ratios_) {
    std::map<std::vector<std::string>, Lookups> by_labels;
    for (const auto& [set, window] : ratio.windows) {
      if (!service || set.service == *service) {
        const Lookups sum = window.sum();
        Lookups& lookups = by_labels[set.labels];
        lookups.hits += sum.hits;
        lookups.misses += sum.misses;
      }
    }
    Family family{.name = ratio.metric.name,
                  .help = ratio.metric.help,
                  .kind = FamilyKind::kGauge,
                  .unit = ratio.metric.unit,
                  .labels = ratio.metric.labels,
                  .bounds = {},
                  .series = {}};
    for (const auto& [labels, lookups] : by_labels) {
      if (const double all = lookups.hits + lookups.misses; all > 0) {
        family.series.push_back({.labels = labels, .number = lookups.hits / all, .buckets = {}});
      }
    }
    if (!family.series.empty()) {
      families.push_back(std::move(family));
    }
  }
  return families;
}

}  // namespace metrics
