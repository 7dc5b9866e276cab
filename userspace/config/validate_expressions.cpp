#include "config/validate_expressions.hpp"

#include <algorithm>
#include <optional>

#include "config/expression_uses.hpp"
#include "config/find_by_name.hpp"
#include "config/label_parts.hpp"

namespace config {
namespace {

bool is_while_running(RecordKind kind) {
  return kind == RecordKind::kInFlight || kind == RecordKind::kPoll;
}

// The rules for one probe.
class ExpressionRules {
 public:
  ExpressionRules(const ProbeConfig* config, const Probe* probe, Problems* problems)
      : config_(config), probe_(probe), problems_(problems) {}

  void check() const;

 private:
  void check_value(const LocatedExpression& value, const std::string& where) const;
  void check_condition(const LocatedExpression& condition, const std::string& where) const;
  void check_label(const Label& label) const;
  void check_record(const Record& record) const;
  void check_poll(const LocatedExpression& poll) const;
  void check_known_at_entry(const LocatedExpression& located, const std::string& where,
                            const Record& record) const;
  void check_labels_known_at_entry(const Record& record) const;

  const ProbeConfig* config_;  // the caller's, as all of these
  const Probe* probe_;
  Problems* problems_;
};

void ExpressionRules::check() const {
  if (probe_->when) {
    check_condition(*probe_->when, "when");
  }
  for (const Label& label : probe_->labels) {
    check_label(label);
  }
  for (const Record& record : probe_->records) {
    check_record(record);
  }
}

void ExpressionRules::check_condition(const LocatedExpression& condition, const std::string& where) const {
  if (calls(condition.expression, "in_flight")) {
    problems_->add(condition.position, "probe \"{}\": {}: in_flight() is known only in a poll", probe_->name,
                   where);
  }
}

void ExpressionRules::check_value(const LocatedExpression& value, const std::string& where) const {
  check_condition(value, where);
  if (mentions(value.expression, "panicked")) {
    problems_->add(value.position,
                   "probe \"{}\": {}: panicked is a condition, not a value; write cases like "
                   "{{ panic: panicked, else: ok }}",
                   probe_->name, where);
  }
}

void ExpressionRules::check_label(const Label& label) const {
  const std::string where = fmt::format("label \"{}\"", label.name);
  const std::vector<const ValueLabel*> values = values_of(label);
  for (const ValueLabel* const value : values) {
    check_value(value->value, where);
  }
  for (const LocatedExpression* const located : expressions_of(label)) {
    if (std::ranges::find(values, located, [](const ValueLabel* value) { return &value->value; }) ==
        values.end()) {
      check_condition(*located, where);
    }
  }
}

void ExpressionRules::check_record(const Record& record) const {
  const std::string where = fmt::format("record \"{}\"", record.metric);
  if (record.when) {
    check_condition(*record.when, where);
  }
  if (record.value && record.kind == RecordKind::kPoll) {
    check_poll(*record.value);
  } else if (record.value) {
    check_value(*record.value, where);
  }
  if (is_while_running(record.kind)) {
    check_labels_known_at_entry(record);
  }
}

void ExpressionRules::check_poll(const LocatedExpression& poll) const {
  if (const std::optional<std::string> late = known_only_at_return(poll.expression, probe_->signature)) {
    problems_->add(poll.position,
                   "probe \"{}\": a poll reads while the call runs, when {} is not known; it can use "
                   "the receiver, the parameters and in_flight()",
                   probe_->name, *late);
  }
}

void ExpressionRules::check_known_at_entry(const LocatedExpression& located, const std::string& where,
                                           const Record& record) const {
  if (const std::optional<std::string> late = known_only_at_return(located.expression, probe_->signature)) {
    problems_->add(located.position,
                   "probe \"{}\": {} uses {}, but \"{}\" shows running calls, of which it is not "
                   "known; use the receiver and the parameters",
                   probe_->name, where, *late, record.metric);
  }
}

void ExpressionRules::check_labels_known_at_entry(const Record& record) const {
  const Metric* const metric = find_by_name(config_->metrics, record.metric);
  if (metric == nullptr || metric->kind != MetricKind::kGauge) {
    return;
  }
  for (const std::optional<LocatedExpression>* when : {&probe_->when, &record.when}) {
    if (*when) {
      check_known_at_entry(**when, "\"when\"", record);
    }
  }
  for (const Label& label : probe_->labels) {
    if (std::ranges::find(metric->labels, label.name) == metric->labels.end()) {
      continue;
    }
    const std::string where = fmt::format("label \"{}\"", label.name);
    if (reads_within(label)) {
      problems_->add(label.position,
                     "probe \"{}\": {} uses \"within\", but \"{}\" shows running calls, of which it is "
                     "not known; use the receiver and the parameters",
                     probe_->name, where, record.metric);
      continue;
    }
    for (const LocatedExpression* const located : expressions_of(label)) {
      check_known_at_entry(*located, where, record);
    }
  }
}

void check_identity(const Service& service, Problems& problems) {
  for (const IdentityLabel& label : service.identity) {
    for (const std::string_view name : {"panicked", "in_flight"}) {
      if (mentions(label.value.expression, name) || calls(label.value.expression, name)) {
        problems.add(label.value.position,
                     "service \"{}\": identity \"{}\": {} says nothing about a process; use the "
                     "receiver, parameters or results",
                     service.name, label.name, name);
      }
    }
  }
}

}  // namespace

void validate_expressions(const ProbeConfig& config, Problems& problems) {
  for (const Service& service : config.services) {
    check_identity(service, problems);
  }
  for (const Probe& probe : config.probes) {
    ExpressionRules(&config, &probe, &problems).check();
  }
}

}  // namespace config
