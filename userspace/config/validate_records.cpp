#include "config/validate_records.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "config/find_by_name.hpp"
#include "base/nearest_name.hpp"

namespace config {
namespace {

std::string_view name_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::kCount:
      return "add";
    case RecordKind::kDuration:
      return "a duration";
    case RecordKind::kObserve:
      return "observe";
    case RecordKind::kInFlight:
      return "in_flight";
    case RecordKind::kPairUp:
    case RecordKind::kPairDown:
      return "add with key";
    case RecordKind::kSet:
      return "set";
    case RecordKind::kPoll:
      return "poll";
  }
  return "";
}

MetricKind metric_kind_for(RecordKind kind) {
  switch (kind) {
    case RecordKind::kCount:
      return MetricKind::kCounter;
    case RecordKind::kDuration:
    case RecordKind::kObserve:
      return MetricKind::kHistogram;
    default:
      return MetricKind::kGauge;
  }
}

// The rules for one probe.
class ProbeRules {
 public:
  ProbeRules(const ProbeConfig* config, const Unread* unread, const Probe* probe, Problems* problems)
      : config_(config), unread_(unread), probe_(probe), problems_(problems) {}

  void check() const;

 private:
  void check_record(const Record& record) const;
  void check_kind(const Record& record, const Metric& metric) const;
  void check_unit(const Record& record, const Metric& metric) const;
  void check_labels_fed(const Record& record, const Metric& metric) const;
  void check_labels_used() const;
  void check_recorded_once() const;
  [[nodiscard]] std::vector<std::string> available_labels() const;
  [[nodiscard]] std::vector<std::string> common_identity_labels() const;

  const ProbeConfig* config_;  // the caller's, as all of these
  const Unread* unread_;
  const Probe* probe_;
  Problems* problems_;
};

void ProbeRules::check() const {
  for (const Record& record : probe_->records) {
    check_record(record);
  }
  check_recorded_once();
  check_labels_used();
}

void ProbeRules::check_record(const Record& record) const {
  const Metric* const metric = find_by_name(config_->metrics, record.metric);
  if (metric == nullptr) {
    problems_->add(record.position, "probe \"{}\": metric \"{}\" is not defined under metrics{}",
                   probe_->name, record.metric, base::did_you_mean(record.metric, names_of(config_->metrics)));
    return;
  }
  if (!unread_->metrics.contains(metric->name)) {
    check_kind(record, *metric);
    check_labels_fed(record, *metric);
  }
}

void ProbeRules::check_kind(const Record& record, const Metric& metric) const {
  if (metric.kind == metric_kind_for(record.kind)) {
    check_unit(record, metric);
    return;
  }
  switch (metric.kind) {
    case MetricKind::kCounter:
      problems_->add(record.position,
                     "probe \"{}\": \"{}\" does not fit counter \"{}\"; write the metric alone, or "
                     "add: expression",
                     probe_->name, name_of(record.kind), metric.name);
      break;
    case MetricKind::kHistogram:
      problems_->add(record.position,
                     "probe \"{}\": \"{}\" does not fit histogram \"{}\"; write the metric alone for "
                     "the duration, or observe: expression",
                     probe_->name, name_of(record.kind), metric.name);
      break;
    case MetricKind::kGauge:
      problems_->add(record.position,
                     "probe \"{}\": \"{}\" does not fit gauge \"{}\"; write in_flight: true, "
                     "set: expression, poll: expression, or add: 1 and key: expression",
                     probe_->name, name_of(record.kind), metric.name);
      break;
    case MetricKind::kRatio:
      problems_->add(record.position,
                     "probe \"{}\": ratio \"{}\" is computed, not recorded; record its counter \"{}\"",
                     probe_->name, metric.name, metric.ratio ? metric.ratio->counter : "");
      break;
  }
}

void ProbeRules::check_unit(const Record& record, const Metric& metric) const {
  constexpr std::array<std::string_view, 4> kTimes = {"ns", "us", "ms", "s"};
  if (record.kind != RecordKind::kDuration || std::ranges::find(kTimes, metric.unit) != kTimes.end()) {
    return;
  }
  const std::string unit =
      metric.unit.empty() ? "has no unit" : fmt::format("has the unit \"{}\"", metric.unit);
  problems_->add(record.position,
                 "probe \"{}\": \"{}\" is recorded as a duration, but {}; write unit: ms (or ns, us, "
                 "s) at the metric, or record it with observe: expression",
                 probe_->name, metric.name, unit);
}

std::vector<std::string> ProbeRules::common_identity_labels() const {
  std::vector<std::string> common;
  for (std::size_t i = 0; i < probe_->services.size(); ++i) {
    const Service* const service = find_by_name(config_->services, probe_->services[i]);
    const std::vector<std::string> names =
        service == nullptr ? std::vector<std::string>{} : names_of(service->identity);
    if (i == 0) {
      common = names;
    }
    std::erase_if(
        common, [&names](const std::string& name) { return std::ranges::find(names, name) == names.end(); });
  }
  return common;
}

std::vector<std::string> ProbeRules::available_labels() const {
  std::vector<std::string> labels = names_of(probe_->labels);
  labels.emplace_back("service");
  const std::vector<std::string> identity = common_identity_labels();
  labels.insert(labels.end(), identity.begin(), identity.end());
  return labels;
}

void ProbeRules::check_labels_fed(const Record& record, const Metric& metric) const {
  const std::vector<std::string> available = available_labels();
  for (const std::string& label : metric.labels) {
    if (std::ranges::find(available, label) == available.end()) {
      problems_->add(record.position,
                     "label \"{}\" of metric \"{}\" is not fed by probe \"{}\"; it has: {}{}", label,
                     metric.name, probe_->name, fmt::join(available, ", "), base::did_you_mean(label, available));
    }
  }
}

// A label that no metric takes is a typo more often than a wish; where a preset's metric is defined by the
// file, a wish.
void ProbeRules::check_labels_used() const {
  if (!probe_->preset.empty()) {
    return;
  }
  std::vector<std::string> taken;
  for (const Record& record : probe_->records) {
    const Metric* const metric = find_by_name(config_->metrics, record.metric);
    if (metric == nullptr || unread_->metrics.contains(record.metric)) {
      return;
    }
    taken.insert(taken.end(), metric->labels.begin(), metric->labels.end());
  }
  if (unread_->records) {
    return;
  }
  for (const Label& label : probe_->labels) {
    if (label.name != "service" && std::ranges::find(taken, label.name) == taken.end()) {
      problems_->add(
          label.position, "probe \"{}\": label \"{}\" is used by none of its metrics; they have: {}{}",
          probe_->name, label.name, taken.empty() ? "none" : fmt::format("{}", fmt::join(taken, ", ")),
          base::did_you_mean(label.name, taken));
    }
  }
}

// The same metric twice counts one call twice, unless conditions or values tell the two apart.
void ProbeRules::check_recorded_once() const {
  const std::vector<Record>& records = probe_->records;
  const auto same = [](const Record& a, const Record& b) {
    const auto text = [](const std::optional<LocatedExpression>& one) {
      return one ? one->text : std::string();
    };
    return a.metric == b.metric && a.kind == b.kind && text(a.when) == text(b.when) &&
           text(a.value) == text(b.value);
  };
  for (std::size_t i = 1; i < records.size(); ++i) {
    const auto end = records.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(records.begin(), end, [&](const Record& earlier) { return same(earlier, records[i]); })) {
      problems_->add(records[i].position,
                     "probe \"{}\": \"{}\" is recorded twice for the same call; once is enough", probe_->name,
                     records[i].metric);
    }
  }
}

// Rules for one gauge over all probes: it has one meaning, and what goes up comes down.
void check_gauge(const ProbeConfig& config, const Metric& metric, Problems& problems) {
  std::optional<RecordKind> first;
  std::array<const Record*, 2> pair = {nullptr, nullptr};  // up, down
  for (const Probe& probe : config.probes) {
    for (const Record& record : probe.records) {
      if (record.metric != metric.name || metric_kind_for(record.kind) != MetricKind::kGauge) {
        continue;
      }
      pair[0] = record.kind == RecordKind::kPairUp ? &record : pair[0];
      pair[1] = record.kind == RecordKind::kPairDown ? &record : pair[1];
      if (first && name_of(*first) != name_of(record.kind)) {
        problems.add(record.position,
                     "probe \"{}\": gauge \"{}\" is recorded with \"{}\" here and with \"{}\" "
                     "elsewhere; a gauge has one meaning",
                     probe.name, metric.name, name_of(record.kind), name_of(*first));
      }
      first = first.value_or(record.kind);
    }
  }
  if ((pair[0] == nullptr) != (pair[1] == nullptr)) {
    const bool only_up = pair[1] == nullptr;
    problems.add((only_up ? pair[0] : pair[1])->position,
                 "gauge \"{}\" only goes {}; record add: {} with the same key where the object {}",
                 metric.name, only_up ? "up" : "down", only_up ? "-1" : "1", only_up ? "goes" : "appears");
  }
}

}  // namespace

void validate_records(const ProbeConfig& config, const Unread& unread, Problems& problems) {
  for (const Probe& probe : config.probes) {
    if (problems.are_enough()) {
      return;
    }
    ProbeRules(&config, &unread, &probe, &problems).check();
  }
  for (const Metric& metric : config.metrics) {
    if (metric.kind == MetricKind::kGauge && !unread.records && !unread.metrics.contains(metric.name)) {
      check_gauge(config, metric, problems);
    }
  }
}

}  // namespace config
