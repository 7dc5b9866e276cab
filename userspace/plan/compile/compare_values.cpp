#include "plan/compile/compare_values.hpp"

#include <optional>
#include <utility>

#include "plan/compile/read_place.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;

namespace {

// A number or a word, ready for a comparison.
struct Operand {
  NodeId node{};
  Guards guards;
  bool is_signed = true;
};

bool is_equality(const std::string& op) {
  return op == "==" || op == "!=";
}

bool has_nil(TypeKind kind) {
  switch (kind) {
    case TypeKind::kPointer:
    case TypeKind::kUnsafePointer:
    case TypeKind::kSlice:
    case TypeKind::kMap:
    case TypeKind::kChan:
    case TypeKind::kFunc:
    case TypeKind::kInterface:
      return true;
    default:
      return false;
  }
}

// "x < y" and "y > x" are one operation.
struct Ordering {
  operation_code code;
  bool swapped;
};

Ordering ordering_of(const std::string& op, bool is_signed) {
  if (op == "==") {
    return {OP_EQUAL, false};
  }
  if (op == "!=") {
    return {OP_NOT_EQUAL, false};
  }
  const bool or_equal = op.size() == 2;
  const operation_code less = is_signed ? OP_LESS : OP_BELOW;
  const operation_code less_equal = is_signed ? OP_LESS_EQUAL : OP_BELOW_EQUAL;
  return {or_equal ? less_equal : less, op.front() == '>'};
}

Value compare_operands(OperationGraph& graph, const std::string& op, const Operand& left,
                       const Operand& right) {
  const Ordering ordering = ordering_of(op, left.is_signed && right.is_signed);
  const NodeId node =
      graph.compare(ordering.code, ordering.swapped ? right.node : left.node,
                    ordering.swapped ? left.node : right.node, joined(left.guards, right.guards));
  return Boolean{node, {}, true};
}

Result<Value> compare_integers(OperationGraph& graph, const std::string& op, const Value& left,
                               const Value& right) {
  bool is_signed = true;
  for (const Value* value : {&left, &right}) {
    const auto* integer = std::get_if<Integer>(value);
    is_signed = is_signed && (integer == nullptr || integer->is_signed);
  }
  const auto operand = [&](const Value& value) -> Operand {
    if (const auto* integer = std::get_if<Integer>(&value)) {
      return {integer->node, integer->guards, is_signed};
    }
    return {
        graph.constant(static_cast<std::uint64_t>(std::get<IntegerConstant>(value).value)), {}, is_signed};
  };
  for (const Value* value : {&left, &right}) {
    const auto* constant = std::get_if<IntegerConstant>(value);
    if (constant != nullptr && constant->value < 0 && !is_signed) {
      return fail(ErrorCode::kUnsupported, "an unsigned number is never {}", constant->value);
    }
  }
  return compare_operands(graph, op, operand(left), operand(right));
}

template <class T>
bool apply(const std::string& op, const T& left, const T& right) {
  if (op == "==") {
    return left == right;
  }
  if (op == "!=") {
    return left != right;
  }
  if (op == "<") {
    return left < right;
  }
  if (op == "<=") {
    return left <= right;
  }
  return op == ">" ? left > right : left >= right;
}

Result<Value> compare_text(OperationGraph& graph, const std::string& op, const Text& text,
                           const std::string& constant) {
  if (constant.empty()) {
    // The length says it: the bytes need not be read.
    return compare_operands(graph, op, {text.length, text.guards}, {graph.constant(0), {}});
  }
  ASSIGN_OR_RETURN(const NodeId equal,
                   graph.compare_text(OP_STRING_EQUAL, text.pointer, text.length, constant, text.guards));
  if (op == "==") {
    return Boolean{equal, {}, true};
  }
  const NodeId is_there = graph.is_valid(text.length, text.guards);
  return Boolean{graph.logic(OP_AND, is_there, graph.negation(equal)), {}, true};
}

Result<Value> compare_with_nil(OperationGraph& graph, const TypeLookup& lookup, const std::string& op,
                               const Place& place) {
  const Place inner = without_atomic(lookup, place);
  const Type& type = lookup[inner.type];
  if (!has_nil(type.kind)) {
    return fail(ErrorCode::kUnsupported, "a {} is never nil", type.name);
  }
  ASSIGN_OR_RETURN(const Word word, word_at(graph, lookup, inner, 0));
  return compare_operands(graph, op, {word.node, word.guards}, {graph.constant(0), {}});
}

Result<Value> compare_pointers(OperationGraph& graph, const TypeLookup& lookup, const std::string& op,
                               const Place& left, const Place& right) {
  for (const Place* place : {&left, &right}) {
    const TypeKind kind = lookup[place->type].kind;
    if (kind != TypeKind::kPointer && kind != TypeKind::kUnsafePointer && kind != TypeKind::kChan &&
        kind != TypeKind::kMap) {
      return fail(ErrorCode::kUnsupported,
                  "two values of type {} cannot be compared; compare with a constant or nil",
                  lookup[place->type].name);
    }
  }
  ASSIGN_OR_RETURN(const Word first, word_at(graph, lookup, left, 0));
  ASSIGN_OR_RETURN(const Word second, word_at(graph, lookup, right, 0));
  return compare_operands(graph, op, {first.node, first.guards}, {second.node, second.guards});
}

NodeId condition_of(OperationGraph& graph, const Boolean& value) {
  return value.is_condition ? value.node : graph.truth(value.node, value.guards);
}

Result<Value> compare_booleans(OperationGraph& graph, const std::string& op, const Boolean& left,
                               const Value& right) {
  if (const auto* constant = std::get_if<BooleanConstant>(&right)) {
    if (left.is_condition) {
      const bool keep = constant->value == (op == "==");
      return Boolean{keep ? left.node : graph.negation(left.node), {}, true};
    }
    // Not the negation of a truth: what cannot be read is neither.
    return compare_operands(graph, op, {left.node, left.guards},
                            {graph.constant(constant->value ? 1 : 0), {}});
  }
  return compare_operands(graph, op, {condition_of(graph, left), {}},
                          {condition_of(graph, std::get<Boolean>(right)), {}});
}

Result<Value> compare_type(OperationGraph& graph, const TypeLookup& lookup, const std::string& op,
                           const DynamicType& held, const std::string& name) {
  for (const TypeId id : lookup.types().named(name)) {
    const Type& type = lookup[id];
    if (type.descriptor) {
      return compare_operands(graph, op, {held.address, held.guards},
                              {graph.type_address(value_of(*type.descriptor)), {}});
    }
  }
  return fail(ErrorCode::kNotFound, "type {} is not in the binary's type metadata{}", name,
              lookup.suggestion(name.substr(
                  name.find_first_not_of('*') == std::string::npos ? 0 : name.find_first_not_of('*'))));
}

template <class Left, class Right>
bool are(const Value& left, const Value& right) {
  return std::holds_alternative<Left>(left) && std::holds_alternative<Right>(right);
}

bool is_integer(const Value& value) {
  return std::holds_alternative<Integer>(value) || std::holds_alternative<IntegerConstant>(value);
}

// Comparisons with the constant on the right; nothing where the kinds do not fit.
std::optional<Result<Value>> try_compare(OperationGraph& graph, const TypeLookup& lookup,
                                         const std::string& op, const Value& left, const Value& right) {
  if (are<IntegerConstant, IntegerConstant>(left, right)) {
    return BooleanConstant{
        apply(op, std::get<IntegerConstant>(left).value, std::get<IntegerConstant>(right).value)};
  }
  if (are<TextConstant, TextConstant>(left, right)) {
    return BooleanConstant{
        apply(op, std::get<TextConstant>(left).value, std::get<TextConstant>(right).value)};
  }
  if (is_integer(left) && is_integer(right)) {
    return compare_integers(graph, op, left, right);
  }
  if (!is_equality(op)) {
    return std::nullopt;
  }
  if (are<BooleanConstant, BooleanConstant>(left, right)) {
    return BooleanConstant{
        apply(op, std::get<BooleanConstant>(left).value, std::get<BooleanConstant>(right).value)};
  }
  if (are<Text, TextConstant>(left, right)) {
    return compare_text(graph, op, std::get<Text>(left), std::get<TextConstant>(right).value);
  }
  if (are<Place, Nil>(left, right)) {
    return compare_with_nil(graph, lookup, op, std::get<Place>(left));
  }
  if (are<Place, Place>(left, right)) {
    return compare_pointers(graph, lookup, op, std::get<Place>(left), std::get<Place>(right));
  }
  if (are<Boolean, BooleanConstant>(left, right) || are<Boolean, Boolean>(left, right)) {
    return compare_booleans(graph, op, std::get<Boolean>(left), right);
  }
  if (are<DynamicType, TextConstant>(left, right)) {
    return compare_type(graph, lookup, op, std::get<DynamicType>(left), std::get<TextConstant>(right).value);
  }
  return std::nullopt;
}

std::string mirrored(const std::string& op) {
  if (is_equality(op)) {
    return op;
  }
  return (op.front() == '<' ? ">" : "<") + op.substr(1);
}

}  // namespace

std::string kind_of(const TypeLookup& lookup, const Value& value) {
  struct Namer {
    const TypeLookup* lookup;

    std::string operator()(const Place& place) const {
      const Type& type = (*lookup)[place.type];
      return fmt::format("a {}", type.name);
    }

    std::string operator()(const Integer&) const { return "an integer"; }

    std::string operator()(const Boolean&) const { return "a condition"; }

    std::string operator()(const Text&) const { return "a string"; }

    std::string operator()(const DynamicType&) const { return "the type that an interface holds"; }

    std::string operator()(const IntegerConstant& constant) const {
      return fmt::format("{}", constant.value);
    }

    std::string operator()(const TextConstant& constant) const {
      return fmt::format("\"{}\"", constant.value);
    }

    std::string operator()(const BooleanConstant& constant) const {
      return constant.value ? "true" : "false";
    }

    std::string operator()(const Nil&) const { return "nil"; }
  };

  return std::visit(Namer{&lookup}, value);
}

Result<Value> compare_values(OperationGraph& graph, const TypeLookup& lookup, const std::string& op,
                             const Value& left, const Value& right) {
  if (auto result = try_compare(graph, lookup, op, left, right)) {
    return *std::move(result);
  }
  if (auto result = try_compare(graph, lookup, mirrored(op), right, left)) {
    return *std::move(result);
  }
  if (are<Text, Text>(left, right)) {
    return fail(ErrorCode::kUnsupported,
                "two strings of the program cannot be compared; compare with a constant");
  }
  return fail(ErrorCode::kUnsupported, "{} cannot be compared with {} by {}", kind_of(lookup, left),
              kind_of(lookup, right), op);
}

}  // namespace plan
