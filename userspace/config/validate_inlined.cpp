#include "config/validate_inlined.hpp"

#include <optional>
#include <string>
#include <string_view>

#include "config/expression_uses.hpp"
#include "config/label_parts.hpp"

namespace config {
namespace {

// The rules for one probe.
class InlinedRules {
 public:
  InlinedRules(const Probe* probe, Problems* problems) : probe_(probe), problems_(problems) {}

  void check() const {
    if (probe_->outermost) {
      refuse(probe_->position, "\"outermost\"");
    }
    check_expression(probe_->when);
    for (const Label& label : probe_->labels) {
      check_label(label);
    }
    for (const Record& record : probe_->records) {
      if (record.kind != RecordKind::kCount) {
        refuse(record.position, "\"" + record.metric + "\", which is no counter,");
      }
      check_expression(record.when);
      check_expression(record.value);
    }
  }

 private:
  void refuse(const Position& position, std::string_view what) const {
    problems_->add(
        position,
        "probe \"{}\": {} does not go with inlined: true; of an inlined call only its beginning is known, "
        "without receiver, parameters and results: count it, or leave out inlined",
        probe_->name, what);
  }

  void check_expression(const std::optional<LocatedExpression>& located) const {
    if (!located) {
      return;
    }
    if (const std::optional<std::string> name = identifier_other_than(located->expression, "func")) {
      refuse(located->position, *name);
    }
  }

  void check_label(const Label& label) const {
    if (reads_within(label)) {
      refuse(label.position, "\"within\"");
      return;
    }
    for (const LocatedExpression* const located : expressions_of(label)) {
      check_expression(*located);
    }
  }

  const Probe* probe_;  // the caller's, as both of these
  Problems* problems_;
};

}  // namespace

void validate_inlined(const ProbeConfig& config, Problems& problems) {
  for (const Probe& probe : config.probes) {
    if (probe.inlined) {
      InlinedRules(&probe, &problems).check();
    }
  }
}

}  // namespace config
