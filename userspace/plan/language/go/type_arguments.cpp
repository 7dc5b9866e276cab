#include "plan/language/go/type_arguments.hpp"

#include "config/read_type.hpp"

namespace plan {

// "int" and "map[string]x.T" of "pkg.F[int,map[string]x.T].func1".
std::vector<std::string> type_arguments(std::string_view name) {
  std::vector<std::string> arguments;
  int depth = 0;
  for (const char c : name) {
    const bool opens = c == '[' || c == '{' || c == '(';
    const bool closes = c == ']' || c == '}' || c == ')';
    if (arguments.empty()) {
      if (c == '[') {
        arguments.emplace_back();
      }
      continue;
    }
    if (closes && depth == 0) {
      return arguments;
    }
    depth += opens ? 1 : closes ? -1 : 0;
    if (c == ',' && depth == 0) {
      arguments.emplace_back();
    } else {
      arguments.back() += c;
    }
  }
  return {};
}

base::Result<inspect::TypeId> type_of_shape(TypeLookup& lookup, std::string_view argument,
                                            std::string_view package) {
  const std::string text(argument);
  const bool is_shape = argument.starts_with(kShapePrefix);
  argument.remove_prefix(is_shape ? kShapePrefix.size() : 0);
  if (is_shape && argument == kPointerShape) {
    return lookup.untyped_pointer();
  }
  const auto type = config::read_type(argument);
  if (!type) {
    return base::fail(base::ErrorCode::kNotFound, "type argument {} does not say how its values are laid out",
                      text);
  }
  return lookup.from_text(*type, package);
}

}  // namespace plan
