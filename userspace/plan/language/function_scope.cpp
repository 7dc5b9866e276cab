#include "plan/language/function_scope.hpp"

#include <charconv>
#include <utility>

#include "base/nearest_name.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using config::Expression;

namespace {

// The number of "arg12" for prefix "arg".
std::optional<std::size_t> number_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) {
    return std::nullopt;
  }
  name.remove_prefix(prefix.size());
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc{} && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

// How the compiler calls a variable that is shared with the function around a closure.
std::string reference_to(std::string_view name) {
  return fmt::format("&{}", name);
}

}  // namespace

FunctionScope::FunctionScope(std::string function_name, std::string package, FunctionSignature signature,
                             AbiLayout layout, bool is_closure, const TypeLookup& types)
    : function_name_(std::move(function_name)),
      package_(std::move(package)),
      signature_(std::move(signature)),
      layout_(std::move(layout)),
      is_closure_(is_closure),
      types_(&types) {}

std::optional<ScopeName> FunctionScope::find_parameter(std::string_view name) const {
  const std::size_t first = (signature_.receiver ? 1U : 0U) + (signature_.has_dictionary ? 1U : 0U);
  for (std::size_t i = 0; i < signature_.parameters.size(); ++i) {
    if (signature_.parameters[i].name == name && name != "_") {
      return ScopeName{ScopeName::Kind::kParameter, first + i};
    }
  }
  for (std::size_t i = 0; i < signature_.results.size(); ++i) {
    if (signature_.results[i].name == name && name != "_") {
      return ScopeName{ScopeName::Kind::kResult, i};
    }
  }
  if (signature_.receiver && (name == "recv" || name == signature_.receiver->name)) {
    const bool is_second = signature_.has_dictionary && signature_.dictionary_first;
    return ScopeName{ScopeName::Kind::kParameter, is_second ? std::size_t{1} : 0};
  }
  return std::nullopt;
}

// A closure that is called where it stands takes what it captured as parameters.
std::optional<ScopeName> FunctionScope::find_captured(std::string_view name) const {
  const std::string reference = reference_to(name);
  for (std::size_t i = 0; i < signature_.captured.size(); ++i) {
    const std::string& captured = signature_.captured[i].name;
    if (captured == name || captured == reference) {
      return ScopeName{ScopeName::Kind::kCapturedVariable, i, captured == reference};
    }
  }
  std::optional<ScopeName> parameter = find_parameter(reference);
  if (parameter) {
    parameter->by_reference = true;
  }
  return parameter;
}

std::optional<ScopeName> FunctionScope::find_numbered(std::string_view name) const {
  const std::size_t first = (signature_.receiver ? 1U : 0U) + (signature_.has_dictionary ? 1U : 0U);
  if (const auto number = number_after(name, "arg"); number && *number < signature_.parameters.size()) {
    return ScopeName{ScopeName::Kind::kParameter, first + *number};
  }
  if (const auto number = number_after(name, "ret"); number && *number < signature_.results.size()) {
    return ScopeName{ScopeName::Kind::kResult, *number};
  }
  constexpr std::size_t kMostCaptured = 64;
  if (const auto number = number_after(name, "captured"); number && is_closure_ && *number < kMostCaptured) {
    return ScopeName{ScopeName::Kind::kCapturedWord, *number};
  }
  return std::nullopt;
}

base::Error FunctionScope::unknown_name(std::string_view name) const {
  if (!signature_.complete && name != "recv") {
    return {ErrorCode::kNotFound, fmt::format("{}: {}", name, signature_.unknown_because)};
  }
  std::vector<std::string> names;
  std::string list;
  const auto add_one = [&](const std::string& known, inspect::TypeId type) {
    names.push_back(known);
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", known, (*types_)[type].name);
  };
  const auto add = [&](const std::vector<SignatureParameter>& parameters, const char* numbered) {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const bool has_name = !parameters[i].name.empty() && parameters[i].name != "_";
      add_one(has_name ? parameters[i].name : fmt::format("{}{}", numbered, i), parameters[i].type);
    }
  };
  if (signature_.receiver) {
    add_one("recv", signature_.receiver->type);
  }
  add(signature_.parameters, "arg");
  add(signature_.results, "ret");
  for (const inspect::CapturedVariable& variable : signature_.captured) {
    add_one(variable.name, variable.type);
  }
  const std::string nearest = base::did_you_mean(name, names);
  return {ErrorCode::kNotFound, fmt::format("{}: no such parameter or result; this function has {}{}", name,
                                            list.empty() ? "none" : list, nearest)};
}

Result<ScopeName> FunctionScope::find(std::string_view name) const {
  if (const auto parameter = find_parameter(name)) {
    return *parameter;
  }
  if (const auto captured = find_captured(name)) {
    return *captured;
  }
  if (const auto numbered = find_numbered(name)) {
    return *numbered;
  }
  if (name == "func") {
    return ScopeName{ScopeName::Kind::kFunctionName, 0};
  }
  if (name == "panicked") {
    return ScopeName{ScopeName::Kind::kPanicked, 0};
  }
  if (name.starts_with("captured") && !is_closure_ && number_after(name, "captured")) {
    return fail(ErrorCode::kUnsupported, "{}: only closures (F.func1) capture variables", name);
  }
  return std::unexpected(unknown_name(name));
}

Result<std::uint8_t> FunctionScope::moments_of(const Expression& expression) const {
  if (expression.kind == Expression::Kind::kIdentifier) {
    ASSIGN_OR_RETURN(const ScopeName name, find(expression.text));
    switch (name.kind) {
      case ScopeName::Kind::kParameter:
      case ScopeName::Kind::kCapturedWord:
      case ScopeName::Kind::kCapturedVariable:
        return std::uint8_t{kAtEntry};
      case ScopeName::Kind::kResult:
      case ScopeName::Kind::kPanicked:
        return std::uint8_t{kAtReturn};
      case ScopeName::Kind::kFunctionName:
        return std::uint8_t{kNoMoment};
    }
  }
  const bool is_late = expression.kind == Expression::Kind::kCall && expression.text == "at_return";
  std::uint8_t moments = is_late ? std::uint8_t{kAtReturn} : std::uint8_t{kNoMoment};
  for (const Expression& operand : expression.operands) {
    ASSIGN_OR_RETURN(const std::uint8_t inner, moments_of(operand));
    moments = is_late ? moments : static_cast<std::uint8_t>(moments | inner);
  }
  return moments;
}

}  // namespace plan
