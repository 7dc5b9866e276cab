#include "config/expression_uses.hpp"

#include <algorithm>

#include "config/text_cursor.hpp"

namespace config {
namespace {

// The first node, depth first, for which the predicate holds.
template <class Predicate>
const Expression* find_node(const Expression& expression, const Predicate& predicate) {
  if (predicate(expression)) {
    return &expression;
  }
  for (const Expression& operand : expression.operands) {
    if (const Expression* const found = find_node(operand, predicate)) {
      return found;
    }
  }
  return nullptr;
}

// ret0, ret1, ...
bool is_numbered_result(std::string_view name) {
  return name.size() > 3 && name.starts_with("ret") && std::ranges::all_of(name.substr(3), is_digit);
}

bool is_named_result(std::string_view name, const std::optional<Signature>& signature) {
  return signature && name != "_" &&
         std::ranges::find(signature->results, name, &Parameter::name) != signature->results.end();
}

}  // namespace

bool calls(const Expression& expression, std::string_view function) {
  return find_node(expression, [function](const Expression& node) {
           return node.kind == Expression::Kind::kCall && node.text == function;
         }) != nullptr;
}

bool mentions(const Expression& expression, std::string_view name) {
  return find_node(expression, [name](const Expression& node) {
           return node.kind == Expression::Kind::kIdentifier && node.text == name;
         }) != nullptr;
}

std::optional<std::string> identifier_other_than(const Expression& expression, std::string_view except) {
  const Expression* const found = find_node(expression, [except](const Expression& node) {
    return node.kind == Expression::Kind::kIdentifier && node.text != except;
  });
  return found == nullptr ? std::nullopt : std::optional(found->text);
}

std::optional<std::string> mentioned_result(const Expression& expression,
                                            const std::optional<Signature>& signature) {
  const Expression* const found = find_node(expression, [&signature](const Expression& node) {
    return node.kind == Expression::Kind::kIdentifier &&
           (is_numbered_result(node.text) || is_named_result(node.text, signature));
  });
  return found == nullptr ? std::nullopt : std::optional(found->text);
}

std::optional<std::string> known_only_at_return(const Expression& expression,
                                                const std::optional<Signature>& signature) {
  if (std::optional<std::string> result = mentioned_result(expression, signature)) {
    return result;
  }
  if (calls(expression, "at_return")) {
    return "at_return()";
  }
  return mentions(expression, "panicked") ? std::optional<std::string>("panicked") : std::nullopt;
}

}  // namespace config
