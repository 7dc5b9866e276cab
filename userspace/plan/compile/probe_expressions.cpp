#include "plan/compile/probe_expressions.hpp"

#include <optional>
#include <variant>

namespace plan {

std::vector<const config::LocatedExpression*> expressions_of(const config::Probe& probe) {
  std::vector<const config::LocatedExpression*> all;
  const auto add = [&all](const std::optional<config::LocatedExpression>& located) {
    if (located) {
      all.push_back(&*located);
    }
  };
  add(probe.when);
  for (const config::Label& label : probe.labels) {
    if (const auto* value = std::get_if<config::ValueLabel>(&label.source)) {
      all.push_back(&value->value);
    } else if (const auto* cases = std::get_if<config::CasesLabel>(&label.source)) {
      for (const config::CasesLabel::Case& one : cases->cases) {
        all.push_back(&one.condition);
      }
    }
  }
  for (const config::Record& record : probe.records) {
    add(record.value);
    add(record.when);
  }
  return all;
}

}  // namespace plan
