#include "config/label_parts.hpp"

#include <algorithm>
#include <variant>

namespace config {

std::vector<const ValueLabel*> values_of(const Label& label) {
  std::vector<const ValueLabel*> values;
  if (const auto* const value = std::get_if<ValueLabel>(&label.source)) {
    values.push_back(value);
  } else if (const auto* const first = std::get_if<FirstLabel>(&label.source)) {
    for (const ValueLabel& one : first->alternatives) {
      values.push_back(&one);
    }
  }
  return values;
}

std::vector<const LocatedExpression*> expressions_of(const Label& label) {
  std::vector<const LocatedExpression*> expressions;
  for (const ValueLabel* const value : values_of(label)) {
    expressions.push_back(&value->value);
  }
  if (const auto* const cases = std::get_if<CasesLabel>(&label.source)) {
    for (const CasesLabel::Case& one : cases->cases) {
      expressions.push_back(&one.condition);
    }
  }
  return expressions;
}

std::span<const Transform> transforms_of(const Label& label) {
  if (const auto* const value = std::get_if<ValueLabel>(&label.source)) {
    return value->transforms;
  }
  if (const auto* const first = std::get_if<FirstLabel>(&label.source)) {
    return first->transforms;
  }
  return {};
}

bool reads_within(const Label& label) {
  return std::ranges::any_of(values_of(label),
                             [](const ValueLabel* value) { return value->within.has_value(); });
}

}  // namespace config
