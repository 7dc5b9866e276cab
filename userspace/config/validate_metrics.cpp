#include "config/validate_metrics.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>

#include "config/find_by_name.hpp"
#include "base/nearest_name.hpp"
#include "config/validate_metric_names.hpp"

namespace config {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

void check_is_recorded(const ProbeConfig& config, const Unread& unread, Problems& problems) {
  std::set<std::string_view> unrecorded;
  for (const Metric& metric : config.metrics) {
    if (metric.kind != MetricKind::kRatio && !unread.metrics.contains(metric.name)) {
      unrecorded.insert(metric.name);
    }
  }
  bool has_undefined_record = false;
  for (const Probe& probe : config.probes) {
    for (const Record& record : probe.records) {
      const bool is_known =
          unrecorded.erase(record.metric) > 0 || find_by_name(config.metrics, record.metric) != nullptr;
      has_undefined_record = has_undefined_record || !is_known;
    }
  }
  // A record of what is not defined means one of these, and has its problem already.
  if (unread.records || has_undefined_record) {
    return;
  }
  for (const std::string_view name : unrecorded) {
    problems.add(find_by_name(config.metrics, name)->position,
                 "metric \"{}\" is recorded by no probe; record it, or remove it", name);
  }
}

// All texts that one label of a probe can have; nothing if they cannot be known from the config.
std::optional<std::vector<std::string>> possible_texts(const Label& label) {
  if (const auto* const constant = std::get_if<ConstantLabel>(&label.source)) {
    return std::vector{constant->text};
  }
  const auto* const cases = std::get_if<CasesLabel>(&label.source);
  if (cases == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> texts = names_of(cases->cases);
  texts.push_back(cases->otherwise);
  return texts;
}

// The same over all probes that record the counter.
std::optional<std::vector<std::string>> possible_texts(const ProbeConfig& config, const RatioOf& ratio) {
  std::vector<std::string> all;
  for (const Probe& probe : config.probes) {
    if (std::ranges::find(probe.records, ratio.counter, &Record::metric) == probe.records.end()) {
      continue;
    }
    const Label* const label = find_by_name(probe.labels, ratio.label);
    const std::optional<std::vector<std::string>> texts =
        label == nullptr ? std::nullopt : possible_texts(*label);
    if (!texts) {
      return std::nullopt;
    }
    all.insert(all.end(), texts->begin(), texts->end());
  }
  return all.empty() ? std::nullopt : std::optional(std::move(all));
}

void check_hit_and_miss(const ProbeConfig& config, const Metric& metric, Problems& problems) {
  const RatioOf& ratio = *metric.ratio;
  if (ratio.hit == ratio.miss) {
    problems.add(metric.position, "metric \"{}\": \"hit\" and \"miss\" are both \"{}\"; they must differ",
                 metric.name, ratio.hit);
  }
  const std::optional<std::vector<std::string>> possible = possible_texts(config, ratio);
  if (!possible) {
    return;
  }
  for (const std::string& text : {ratio.hit, ratio.miss}) {
    if (!contains(*possible, text)) {
      problems.add(metric.position,
                   "metric \"{}\": label \"{}\" of \"{}\" is never \"{}\"; it is one of {}{}", metric.name,
                   ratio.label, ratio.counter, text, fmt::join(*possible, ", "),
                   base::did_you_mean(text, *possible));
    }
  }
}

void check_ratio_labels(const Metric& metric, const Metric& counter, Problems& problems) {
  std::vector<std::string> kept = counter.labels;
  std::erase(kept, metric.ratio->label);
  for (const std::string& label : metric.labels) {
    if (!contains(kept, label)) {
      problems.add(metric.position,
                   "metric \"{}\": label \"{}\" cannot come from \"{}\", which leaves it: {}{}", metric.name,
                   label, counter.name, kept.empty() ? "none" : fmt::format("{}", fmt::join(kept, ", ")),
                   base::did_you_mean(label, kept));
    }
  }
}

void check_ratio(const ProbeConfig& config, const Unread& unread, const Metric& metric, Problems& problems) {
  const RatioOf& ratio = *metric.ratio;
  if (ratio.counter.empty() || ratio.label.empty() || unread.metrics.contains(ratio.counter)) {
    return;
  }
  const Metric* const counter = find_by_name(config.metrics, ratio.counter);
  if (counter == nullptr || counter->kind != MetricKind::kCounter) {
    std::vector<std::string> counters;
    for (const Metric& candidate : config.metrics) {
      if (candidate.kind == MetricKind::kCounter) {
        counters.push_back(candidate.name);
      }
    }
    problems.add(metric.position, "metric \"{}\": \"of\" is \"{}\", which is {}; it must be a counter{}",
                 metric.name, ratio.counter, counter == nullptr ? "not defined" : "no counter",
                 base::did_you_mean(ratio.counter, counters));
    return;
  }
  if (!contains(counter->labels, ratio.label)) {
    problems.add(metric.position,
                 "metric \"{}\": \"label\" is \"{}\", which \"{}\" does not have; it has: {}{}", metric.name,
                 ratio.label, counter->name, fmt::join(counter->labels, ", "),
                 base::did_you_mean(ratio.label, counter->labels));
    return;
  }
  check_ratio_labels(metric, *counter, problems);
  check_hit_and_miss(config, metric, problems);
}

}  // namespace

void validate_metrics(const ProbeConfig& config, const Unread& unread, Problems& problems) {
  std::vector<Metric> clear;
  std::ranges::copy_if(config.metrics, std::back_inserter(clear),
                       [&unread](const Metric& metric) { return !unread.metrics.contains(metric.name); });
  validate_metric_names(clear, problems);
  check_is_recorded(config, unread, problems);
  for (const Metric& metric : config.metrics) {
    if (metric.ratio && !problems.are_enough() && !unread.metrics.contains(metric.name)) {
      check_ratio(config, unread, metric, problems);
    }
  }
}

}  // namespace config
