#include "plan/compile/probe_expressions.hpp"

#include <optional>

#include "config/label_parts.hpp"

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
    const std::vector<const config::LocatedExpression*> parts = config::expressions_of(label);
    all.insert(all.end(), parts.begin(), parts.end());
  }
  for (const config::Record& record : probe.records) {
    add(record.value);
    add(record.when);
  }
  return all;
}

}  // namespace plan
