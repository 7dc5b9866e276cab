#include "plan/compile/compile_expression.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "plan/compile/compare_values.hpp"
#include "plan/compile/read_place.hpp"
#include "plan/language/value_leaves.hpp"
#include "plan/machine/registers.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using config::Expression;
using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;

namespace {

// OP_ARGUMENT's numbers beyond the integer registers.
constexpr std::uint8_t kClosureContext = 9;
constexpr std::uint8_t kStackPointer = 10;
constexpr std::uint64_t kWord = 8;

// The error of a step, with the part of the expression that it is about.
template <class T>
Result<T> about(const Expression& expression, Result<T> result) {
  return result ? std::move(result)
                : with_context(std::move(result.error()), "{}", config::to_string(expression));
}

Result<Value> as_value(Result<Place> place) {
  if (!place) {
    return std::unexpected(std::move(place.error()));
  }
  return Value(*std::move(place));
}

std::string joined_registers(const AbiValue& value, const RegisterSet& registers) {
  std::string names;
  for (const AbiLeaf& leaf : value.leaves) {
    const std::string name = leaf.is_float ? fmt::format("X{}", leaf.register_number)
                                           : std::string(registers.integer_names[leaf.register_number]);
    names += (names.empty() ? "" : ",") + name;
  }
  return names;
}

}  // namespace

std::uint64_t PhaseGraphs::capture(NodeId node, const Guards& guards) {
  const std::pair<NodeId, Guards> wanted(node, guards);
  const auto known = std::ranges::find(captured, wanted);
  const auto index = static_cast<std::uint64_t>(known - captured.begin());
  if (known == captured.end()) {
    captured.push_back(wanted);
    enter.store_behind_labels(node, guards, index * kWord);
  }
  return index * kWord;
}

ExpressionCompiler::ExpressionCompiler(const FunctionScope* scope, TypeLookup* lookup,
                                       const inspect::BinaryFacts* facts, PhaseGraphs* graphs,
                                       OperationGraph* graph, Moment moment)
    : scope_(scope),
      lookup_(lookup),
      facts_(facts),
      graphs_(graphs),
      graph_(graph),
      moment_(moment),
      roots_captured_(moment == Moment::kPoll) {}

std::vector<std::string> ExpressionCompiler::take_paths() {
  std::vector<std::string> distinct;
  for (std::string& path : paths_) {
    if (std::ranges::find(distinct, path) == distinct.end()) {
      distinct.push_back(std::move(path));
    }
  }
  paths_.clear();
  return distinct;
}

std::vector<std::string> ExpressionCompiler::take_notes() {
  return std::exchange(notes_, {});
}

Result<Value> ExpressionCompiler::evaluate(const Expression& expression) {
  if (moment_ == Moment::kReturn && !roots_captured_) {
    ASSIGN_OR_RETURN(const std::uint8_t moments, scope_->moments_of(expression));
    if (moments == kAtEntry) {
      return evaluate_at_entry(expression);
    }
  }
  switch (expression.kind) {
    case Expression::Kind::kIdentifier:
      return evaluate_identifier(expression);
    case Expression::Kind::kInteger:
      return IntegerConstant{expression.integer};
    case Expression::Kind::kString:
      return TextConstant{expression.text, false};
    case Expression::Kind::kBool:
      return BooleanConstant{expression.integer != 0};
    case Expression::Kind::kNil:
      return Nil{};
    case Expression::Kind::kSelector:
      return evaluate_selector(expression);
    case Expression::Kind::kTypeAssertion:
      return evaluate_assertion(expression);
    case Expression::Kind::kIndex:
      return evaluate_index(expression);
    case Expression::Kind::kCall:
      return evaluate_call(expression);
    case Expression::Kind::kUnary:
      return evaluate_unary(expression);
    case Expression::Kind::kBinary:
      return evaluate_binary(expression);
  }
  return fail(ErrorCode::kUnsupported, "{} cannot be evaluated", config::to_string(expression));
}

Result<Value> ExpressionCompiler::read(const Value& value) {
  const auto* place = std::get_if<Place>(&value);
  if (place == nullptr) {
    return value;
  }
  paths_.push_back(fmt::format("{} {}", place->path, (*lookup_)[place->type].name));
  return read_value(*graph_, *lookup_, *place);
}

Result<Value> ExpressionCompiler::evaluate_read(const Expression& expression) {
  ASSIGN_OR_RETURN(const Value value, evaluate(expression));
  return about(expression, read(value));
}

Result<Value> ExpressionCompiler::evaluate_basic(const Expression& expression) {
  ASSIGN_OR_RETURN(const Value value, evaluate_read(expression));
  return about(expression, basic(value));
}

// The pointer itself is wanted only where it is compared with nil or with another pointer.
Result<Value> ExpressionCompiler::basic(const Value& value) {
  const auto* const place = std::get_if<Place>(&value);
  if (place == nullptr) {
    return value;
  }
  const bool is_kept = !place->base && place->leaves.size() == 1 && place->leaves.front().word &&
                       (*graph_)[*place->leaves.front().word].code == OP_CAPTURED;
  ASSIGN_OR_RETURN(const Place target, behind_pointer(*graph_, *lookup_, *place));
  if (target.type == place->type) {
    return value;
  }
  if (is_kept && moment_ == Moment::kReturn && !roots_captured_) {
    return fail(ErrorCode::kUnsupported,
                "what an argument points to cannot be mixed with results; compare it on its own, or write "
                "at_return()");
  }
  return read(target);
}

Result<Integer> ExpressionCompiler::evaluate_integer(const Expression& expression) {
  ASSIGN_OR_RETURN(const Value value, evaluate_basic(expression));
  return as_integer(value, expression);
}

Result<Integer> ExpressionCompiler::as_integer(const Value& value, const Expression& expression) {
  if (const auto* integer = std::get_if<Integer>(&value)) {
    return *integer;
  }
  if (const auto* constant = std::get_if<IntegerConstant>(&value)) {
    return Integer{graph_->constant(static_cast<std::uint64_t>(constant->value)), {}, 8, true, false};
  }
  return fail(ErrorCode::kUnsupported, "{}: it is {}; a number is wanted", config::to_string(expression),
              kind_of(*lookup_, value));
}

Result<NodeId> ExpressionCompiler::evaluate_condition(const Expression& expression) {
  ASSIGN_OR_RETURN(const Value value, evaluate_basic(expression));
  return as_condition(value, expression);
}

Result<NodeId> ExpressionCompiler::as_condition(const Value& value, const Expression& expression) {
  if (const auto* boolean = std::get_if<Boolean>(&value)) {
    return boolean->is_condition ? boolean->node : graph_->truth(boolean->node, boolean->guards);
  }
  if (const auto* constant = std::get_if<BooleanConstant>(&value)) {
    return graph_->constant(constant->value ? 1 : 0);
  }
  return fail(ErrorCode::kUnsupported, "{}: it is {}; a condition is wanted, as in {} != ...",
              config::to_string(expression), kind_of(*lookup_, value), config::to_string(expression));
}

// ---- names ----

Place ExpressionCompiler::place_of(const AbiValue& value, OperationGraph& graph, const std::string& text) {
  Place place;
  place.type = value.type;
  if (!value.in_registers) {
    place.base = graph.argument(kStackPointer);
    place.offset = kWord + value.stack_offset;
    place.path = fmt::format("{} [SP+{}]", text, place.offset);
    return place;
  }
  for (const AbiLeaf& leaf : value.leaves) {
    const bool is_readable = !leaf.is_float && leaf.register_number < kClosureContext;
    place.leaves.push_back(
        {leaf.offset, leaf.size, leaf.is_float,
         is_readable ? std::optional(graph.argument(leaf.register_number)) : std::nullopt});
  }
  place.path = fmt::format("{} {}", text, joined_registers(value, registers_of(facts_->architecture)));
  return place;
}

Result<> ExpressionCompiler::expect_placed(const ScopeName& name, const std::string& text) const {
  const bool is_parameter = name.kind == ScopeName::Kind::kParameter;
  if (!is_parameter && name.kind != ScopeName::Kind::kResult) {
    return {};
  }
  const AbiLayout& layout = scope_->layout();
  const AbiValue& value = is_parameter ? layout.parameters[name.index] : layout.results[name.index];
  if (!value.unplaced.empty()) {
    return fail(ErrorCode::kUnsupported, "{}: where it lies is not known: {}", text, value.unplaced);
  }
  return {};
}

// Whether all interfaces in a list of parameters or results are such: where one is not, the written signature
// is untrue, and what it says of the others may be too. The compiler gives every interface an itab of its own
// type (cmd/compile, typecheck.Assignop), so the first word tells. None: there is nothing to be checked.
Result<std::optional<NodeId>> ExpressionCompiler::claims_fit(const std::vector<AbiValue>& values,
                                                             OperationGraph& graph, const Guards& guards) {
  std::optional<NodeId> fits;
  for (const AbiValue& value : values) {
    const Type& type = (*lookup_)[value.type];
    const bool is_readable =
        value.unplaced.empty() && std::ranges::all_of(value.leaves, [](const AbiLeaf& leaf) {
          return leaf.register_number < kClosureContext;
        });
    if (!value.is_claimed || !is_readable || type.kind != TypeKind::kInterface || type.empty_interface ||
        !type.descriptor) {
      continue;
    }
    Place place = place_of(value, graph, "");
    place.guards = guards;
    ASSIGN_OR_RETURN(const Word itab, word_at(graph, *lookup_, place, 0));
    ASSIGN_OR_RETURN(const Word data, word_at(graph, *lookup_, place, kWord));
    const NodeId one = graph.is_interface(itab.node, data.node, value_of(*type.descriptor), itab.guards);
    fits = fits ? graph.logic(OP_AND, *fits, one) : one;
  }
  return fits;
}

// The guards of a value of which only a written signature says what it is.
Result<Guards> ExpressionCompiler::guards_of_claim(const ScopeName& name) {
  const AbiLayout& layout = scope_->layout();
  if (name.kind == ScopeName::Kind::kResult) {
    Guards guards;
    if (guards_results_) {
      guards.push_back(graph_->require(graph_->negation(graph_->panicked()), {}));
    }
    if (layout.results[name.index].is_claimed) {
      ASSIGN_OR_RETURN(const std::optional<NodeId> fits, claims_fit(layout.results, *graph_, guards));
      return fits ? Guards{graph_->require(*fits, {})} : guards;
    }
    return guards;
  }
  if (name.kind != ScopeName::Kind::kParameter || !layout.parameters[name.index].is_claimed) {
    return Guards{};
  }
  ASSIGN_OR_RETURN(const std::optional<NodeId> fits, claims_fit(layout.parameters, graphs_->enter, {}));
  if (!fits) {
    return Guards{};
  }
  const NodeId here = roots_captured_ ? graph_->captured(graphs_->capture(*fits, {})) : *fits;
  return Guards{(roots_captured_ ? *graph_ : graphs_->enter).require(here, {})};
}

Result<Place> ExpressionCompiler::root_at_entry(const ScopeName& name, const std::string& text) {
  Place place = passed(name, text);
  ASSIGN_OR_RETURN(place.guards, guards_of_claim(name));
  return name.by_reference ? pointee_of(graphs_->enter, *lookup_, place) : place;
}

Place ExpressionCompiler::passed(const ScopeName& name, const std::string& text) {
  if (name.kind == ScopeName::Kind::kCapturedWord) {
    return in_closure(lookup_->untyped_pointer(), kWord * (1 + name.index), text);
  }
  if (name.kind == ScopeName::Kind::kCapturedVariable) {
    const inspect::CapturedVariable& variable = scope_->signature().captured[name.index];
    return in_closure(variable.type, variable.offset, text);
  }
  return place_of(scope_->layout().parameters[name.index], graphs_->enter, text);
}

Place ExpressionCompiler::in_closure(TypeId type, std::uint64_t offset, const std::string& text) {
  Place place;
  place.type = type;
  place.base = graphs_->enter.argument(kClosureContext);
  place.offset = offset;
  place.path = fmt::format("{} [RDX+{}]", text, offset);
  return place;
}

// The words of a root, kept at entry for later.
Result<Place> ExpressionCompiler::root_captured(const ScopeName& name, const std::string& text) {
  constexpr std::size_t kMostLeaves = 4;
  const Place root = passed(name, text);
  const std::optional<std::vector<AbiLeaf>> leaves = leaves_of(lookup_->types(), root.type);
  if (!leaves || leaves->size() > kMostLeaves) {
    return fail(ErrorCode::kUnsupported,
                "{}: a {} is too large to be kept from the entry; name a pointer in it", text,
                (*lookup_)[root.type].name);
  }
  Place place;
  place.type = root.type;
  place.path = root.path + " kept";
  for (const AbiLeaf& leaf : *leaves) {
    std::optional<NodeId> node;
    if (root.base) {
      node = graphs_->enter.load(*root.base, root.offset + leaf.offset, static_cast<std::uint8_t>(leaf.size),
                                 false, root.guards);
    } else {
      const auto same = std::ranges::find(root.leaves, leaf.offset, &Place::Leaf::offset);
      node = same == root.leaves.end() ? std::nullopt : same->word;
    }
    place.leaves.push_back(
        {leaf.offset, leaf.size, leaf.is_float,
         node ? std::optional(graph_->captured(graphs_->capture(*node, {}))) : std::nullopt});
  }
  ASSIGN_OR_RETURN(place.guards, guards_of_claim(name));
  return name.by_reference ? pointee_of(*graph_, *lookup_, place) : place;
}

Result<Value> ExpressionCompiler::evaluate_identifier(const Expression& expression) {
  ASSIGN_OR_RETURN(const ScopeName name, scope_->find(expression.text));
  RETURN_IF_ERROR(expect_placed(name, expression.text));
  switch (name.kind) {
    case ScopeName::Kind::kParameter:
    case ScopeName::Kind::kCapturedWord:
    case ScopeName::Kind::kCapturedVariable:
      return as_value(roots_captured_ ? root_captured(name, expression.text)
                                      : root_at_entry(name, expression.text));
    case ScopeName::Kind::kResult: {
      if (moment_ != Moment::kReturn) {
        return fail(ErrorCode::kUnsupported, "{}: results are known only at the return", expression.text);
      }
      Place place = place_of(scope_->layout().results[name.index], *graph_, expression.text);
      ASSIGN_OR_RETURN(place.guards, guards_of_claim(name));
      return Value(std::move(place));
    }
    case ScopeName::Kind::kFunctionName:
      return TextConstant{scope_->function_name(), true};
    case ScopeName::Kind::kPanicked:
      if (moment_ != Moment::kReturn) {
        return fail(ErrorCode::kUnsupported, "panicked is known only at the end of the call");
      }
      return Boolean{graph_->panicked(), {}, true};
  }
  return fail(ErrorCode::kUnsupported, "{} cannot be evaluated", expression.text);
}

// ---- words kept from the entry ----

Result<Value> ExpressionCompiler::evaluate_at_entry(const Expression& expression) {
  ExpressionCompiler at_entry(scope_, lookup_, facts_, graphs_, &graphs_->enter, Moment::kEntry);
  ASSIGN_OR_RETURN(Value value, at_entry.evaluate_read(expression));
  std::ranges::move(at_entry.take_paths(), std::back_inserter(paths_));
  std::ranges::move(at_entry.take_notes(), std::back_inserter(notes_));
  return about(expression, captured(std::move(value)));
}

Result<Value> ExpressionCompiler::captured(Value value) {
  const auto keep = [this](NodeId& node, Guards& guards) {
    const bool may_fail = graphs_->enter.can_fail(node) || !guards.empty();
    const NodeId kept = graph_->captured(graphs_->capture(node, guards));
    Guards kept_guards;
    if (may_fail) {
      const NodeId valid = graphs_->enter.is_valid(node, guards);
      kept_guards.push_back(graph_->require(graph_->captured(graphs_->capture(valid, {})), {}));
    }
    node = kept;
    guards = std::move(kept_guards);
  };
  if (auto* integer = std::get_if<Integer>(&value)) {
    keep(integer->node, integer->guards);
  } else if (auto* boolean = std::get_if<Boolean>(&value)) {
    keep(boolean->node, boolean->guards);
  } else if (auto* type = std::get_if<DynamicType>(&value)) {
    keep(type->address, type->guards);
  } else if (auto* place = std::get_if<Place>(&value)) {
    if ((*lookup_)[place->type].size != kWord) {
      return fail(ErrorCode::kUnsupported,
                  "an argument that is {} cannot be mixed with results; compare it on its own",
                  kind_of(*lookup_, value));
    }
    ASSIGN_OR_RETURN(Word word, word_at(graphs_->enter, *lookup_, *place, 0));
    keep(word.node, word.guards);
    Place kept;
    kept.type = place->type;
    kept.leaves.push_back({0, kWord, false, word.node});
    kept.guards = word.guards;
    kept.path = place->path + " kept";
    return Value(std::move(kept));
  } else if (std::holds_alternative<Text>(value)) {
    return fail(ErrorCode::kUnsupported, "a string argument can only be compared with a constant");
  }
  return value;
}

Result<Value> ExpressionCompiler::evaluate_late(const Expression& expression) {
  if (moment_ != Moment::kReturn) {
    return fail(ErrorCode::kUnsupported, "at_return() has no meaning here: this is not read at the return");
  }
  const bool before = std::exchange(roots_captured_, true);
  Result<Value> value = evaluate(expression.operands.at(0));
  roots_captured_ = before;
  return value;
}

// ---- paths ----

Result<Place> ExpressionCompiler::evaluate_place(const Expression& expression) {
  ASSIGN_OR_RETURN(Value value, evaluate(expression));
  if (auto* place = std::get_if<Place>(&value)) {
    return std::move(*place);
  }
  return fail(ErrorCode::kUnsupported, "{}: {} has no parts", config::to_string(expression),
              kind_of(*lookup_, value));
}

Result<Value> ExpressionCompiler::evaluate_selector(const Expression& expression) {
  const Expression& operand = expression.operands.at(0);
  ASSIGN_OR_RETURN(const Place place, evaluate_place(operand));
  if (operand.kind == Expression::Kind::kTypeAssertion) {
    RETURN_IF_ERROR(note_other_holders(operand, place.type, expression.text));
  }
  return about(expression, as_value(select_field(context(), place, expression.text)));
}

// A written assertion is exact; the other types for which nothing is read are told.
Result<> ExpressionCompiler::note_other_holders(const Expression& assertion, TypeId asserted,
                                                const std::string& field) {
  ASSIGN_OR_RETURN(const Place held, evaluate_place(assertion.operands.at(0)));
  const std::string others = other_holders(context(), held.type, asserted, field);
  if (!others.empty()) {
    const std::string text = config::to_string(assertion.operands.at(0));
    notes_.push_back(fmt::format("{} can also hold {}, for which {}.{} is empty; {}.{} is read for all", text,
                                 others, config::to_string(assertion), field, text, field));
  }
  return {};
}

Result<Value> ExpressionCompiler::evaluate_assertion(const Expression& expression) {
  ASSIGN_OR_RETURN(const Place place, evaluate_place(expression.operands.at(0)));
  Result<TypeId> type = lookup_->from_text(expression.type, scope_->package());
  if (!type) {
    return with_context(std::move(type.error()), "{}", config::to_string(expression));
  }
  return about(expression, as_value(assert_type(context(), place, *type)));
}

Result<Value> ExpressionCompiler::evaluate_index(const Expression& expression) {
  const Expression& index = expression.operands.at(1);
  if (index.kind != Expression::Kind::kInteger || index.integer < 0) {
    return fail(ErrorCode::kUnsupported, "{}: only constant indexes can be read",
                config::to_string(expression));
  }
  ASSIGN_OR_RETURN(const Place place, evaluate_place(expression.operands.at(0)));
  return about(expression, as_value(element_at(context(), place, static_cast<std::uint64_t>(index.integer))));
}

// ---- functions ----

Result<Value> ExpressionCompiler::channel_word(const Place& channel, const char* field) {
  for (const TypeId id : lookup_->types().named("runtime.hchan")) {
    const Type& hchan = (*lookup_)[id];
    const auto found = std::ranges::find(hchan.fields, field, &inspect::Field::name);
    if (found != hchan.fields.end()) {
      ASSIGN_OR_RETURN(const Word word, word_at(*graph_, *lookup_, channel, 0));
      const NodeId node = graph_->load_or_zero(word.node, found->offset, word.guards);
      Guards guards;
      if (graph_->can_fail(word.node) || !word.guards.empty()) {
        guards.push_back(graph_->require(graph_->is_valid(word.node, word.guards), {}));
      }
      return Integer{node, std::move(guards), 8, false, false};
    }
  }
  return fail(ErrorCode::kUnsupported, "runtime.hchan.{} is not in the binary's type metadata", field);
}

Result<Value> ExpressionCompiler::length_of(const Expression& expression) {
  ASSIGN_OR_RETURN(const Value value, evaluate(expression.operands.at(0)));
  if (const auto* constant = std::get_if<TextConstant>(&value)) {
    return IntegerConstant{static_cast<std::int64_t>(constant->value.size())};
  }
  if (const auto* text = std::get_if<Text>(&value)) {
    return Integer{text->length, text->guards, 8, true, false};
  }
  const auto* place = std::get_if<Place>(&value);
  if (place == nullptr) {
    return fail(ErrorCode::kUnsupported, "{} has no length", kind_of(*lookup_, value));
  }
  ASSIGN_OR_RETURN(const Place target, behind_pointer(*graph_, *lookup_, *place));
  const Place inner = without_atomic(*lookup_, target);
  const Type& type = (*lookup_)[inner.type];
  paths_.push_back(fmt::format("len({} {})", inner.path, type.name));
  switch (type.kind) {
    case TypeKind::kString:
    case TypeKind::kSlice: {
      ASSIGN_OR_RETURN(const Word length, word_at(*graph_, *lookup_, inner, kWord));
      return Integer{length.node, length.guards, 8, true, false};
    }
    case TypeKind::kArray:
      return IntegerConstant{static_cast<std::int64_t>(type.length)};
    case TypeKind::kMap: {
      // Both of Go's map types begin with the number of elements.
      ASSIGN_OR_RETURN(const Word word, word_at(*graph_, *lookup_, inner, 0));
      Guards guards;
      if (graph_->can_fail(word.node) || !word.guards.empty()) {
        guards.push_back(graph_->require(graph_->is_valid(word.node, word.guards), {}));
      }
      return Integer{graph_->load_or_zero(word.node, 0, word.guards), std::move(guards), 8, false, false};
    }
    case TypeKind::kChan:
      return channel_word(inner, "qcount");
    default:
      return fail(ErrorCode::kUnsupported, "its type is {}, which has no length", type.name);
  }
}

Result<Value> ExpressionCompiler::capacity_of(const Expression& expression) {
  ASSIGN_OR_RETURN(const Place place, evaluate_place(expression.operands.at(0)));
  ASSIGN_OR_RETURN(const Place target, behind_pointer(*graph_, *lookup_, place));
  const Place inner = without_atomic(*lookup_, target);
  const Type& type = (*lookup_)[inner.type];
  paths_.push_back(fmt::format("cap({} {})", inner.path, type.name));
  if (type.kind == TypeKind::kSlice) {
    ASSIGN_OR_RETURN(const Word word, word_at(*graph_, *lookup_, inner, 2 * kWord));
    return Integer{word.node, word.guards, 8, true, false};
  }
  if (type.kind == TypeKind::kChan) {
    return channel_word(inner, "dataqsiz");
  }
  return fail(ErrorCode::kUnsupported, "its type is {}, which has no capacity", type.name);
}

Result<Value> ExpressionCompiler::text_of(const Expression& expression) {
  ASSIGN_OR_RETURN(Value value, evaluate(expression.operands.at(0)));
  if (const auto* pointer = std::get_if<Place>(&value)) {
    ASSIGN_OR_RETURN(const Place place, behind_pointer(*graph_, *lookup_, *pointer));
    const Type& type = (*lookup_)[place.type];
    const bool is_bytes = type.element != TypeId::kNone && (*lookup_)[type.element].size == 1;
    if (is_bytes && (type.kind == TypeKind::kSlice || type.kind == TypeKind::kArray)) {
      paths_.push_back(fmt::format("string({} {})", place.path, type.name));
      return bytes_of(place);
    }
    value = place;
  }
  ASSIGN_OR_RETURN(Value text, read(value));
  if (std::holds_alternative<Text>(text) || std::holds_alternative<TextConstant>(text)) {
    return text;
  }
  return fail(ErrorCode::kUnsupported, "it is {}; string() takes a string or a []byte",
              kind_of(*lookup_, text));
}

// A slice or an array of bytes. An array in registers has no address.
Result<Value> ExpressionCompiler::bytes_of(const Place& place) {
  if ((*lookup_)[place.type].kind == TypeKind::kSlice) {
    ASSIGN_OR_RETURN(const Word pointer, word_at(*graph_, *lookup_, place, 0));
    ASSIGN_OR_RETURN(const Word length, word_at(*graph_, *lookup_, place, kWord));
    return Text{pointer.node, length.node, pointer.guards};
  }
  if (!place.base) {
    return fail(ErrorCode::kUnsupported,
                "an array in registers cannot be read as text; name it behind a pointer");
  }
  Guards guards = place.guards;
  guards.push_back(graph_->require(*place.base, place.guards));
  const NodeId offset = graph_->constant(place.offset);
  return Text{graph_->arithmetic(OP_ADD, *place.base, offset),
              graph_->constant((*lookup_)[place.type].length), std::move(guards)};
}

Result<Value> ExpressionCompiler::affix(const Expression& expression) {
  const bool is_prefix = expression.text == "strings.HasPrefix";
  ASSIGN_OR_RETURN(const Value value, evaluate_basic(expression.operands.at(0)));
  ASSIGN_OR_RETURN(const Value wanted, evaluate(expression.operands.at(1)));
  const auto* constant = std::get_if<TextConstant>(&wanted);
  if (constant == nullptr) {
    return fail(ErrorCode::kUnsupported, "its second argument must be a constant text");
  }
  if (const auto* known = std::get_if<TextConstant>(&value)) {
    return BooleanConstant{is_prefix ? known->value.starts_with(constant->value)
                                     : known->value.ends_with(constant->value)};
  }
  const auto* text = std::get_if<Text>(&value);
  if (text == nullptr) {
    return fail(ErrorCode::kUnsupported, "its first argument is {}, not a string", kind_of(*lookup_, value));
  }
  if (constant->value.empty()) {
    return Boolean{graph_->is_valid(text->length, text->guards), {}, true};
  }
  if (is_prefix) {
    ASSIGN_OR_RETURN(const NodeId node, graph_->compare_text(OP_STRING_PREFIX, text->pointer, text->length,
                                                             constant->value, text->guards));
    return Boolean{node, {}, true};
  }
  Guards guards = text->guards;
  guards.push_back(graph_->require_above(text->length, constant->value.size() - 1, text->guards));
  const NodeId size = graph_->constant(constant->value.size());
  const NodeId before = graph_->arithmetic(OP_SUBTRACT, text->length, size);
  const NodeId start = graph_->arithmetic(OP_ADD, text->pointer, before);
  ASSIGN_OR_RETURN(const NodeId node,
                   graph_->compare_text(OP_STRING_EQUAL, start, size, constant->value, std::move(guards)));
  return Boolean{node, {}, true};
}

Result<Value> ExpressionCompiler::evaluate_call(const Expression& expression) {
  const std::string& name = expression.text;
  if (name == "len") {
    return about(expression, length_of(expression));
  }
  if (name == "cap") {
    return about(expression, capacity_of(expression));
  }
  if (name == "string") {
    return about(expression, text_of(expression));
  }
  if (name == "at_return") {
    return evaluate_late(expression);
  }
  if (name == "strings.HasPrefix" || name == "strings.HasSuffix") {
    return about(expression, affix(expression));
  }
  if (name == "typeof") {
    ASSIGN_OR_RETURN(const Place place, evaluate_place(expression.operands.at(0)));
    paths_.push_back(fmt::format("typeof({} {})", place.path, (*lookup_)[place.type].name));
    Result<DynamicType> type = dynamic_type_of(context(), place);
    if (!type) {
      return with_context(std::move(type.error()), "{}", config::to_string(expression));
    }
    return Value(*std::move(type));
  }
  if (name == "in_flight") {
    if (moment_ != Moment::kPoll) {
      return fail(ErrorCode::kUnsupported, "in_flight() can only be used in poll:");
    }
    return Integer{graph_->in_flight(), {}, 8, false, false};
  }
  return fail(ErrorCode::kUnsupported, "{} is no function of this language", name);
}

// ---- operators ----

Result<Value> ExpressionCompiler::evaluate_unary(const Expression& expression) {
  const Expression& operand = expression.operands.at(0);
  ASSIGN_OR_RETURN(const Value value, evaluate_basic(operand));
  if (expression.text == "!") {
    if (const auto* constant = std::get_if<BooleanConstant>(&value)) {
      return BooleanConstant{!constant->value};
    }
    ASSIGN_OR_RETURN(const NodeId condition, as_condition(value, operand));
    return Boolean{graph_->negation(condition), {}, true};
  }
  if (const auto* constant = std::get_if<IntegerConstant>(&value)) {
    return IntegerConstant{static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(constant->value))};
  }
  ASSIGN_OR_RETURN(Integer integer, as_integer(value, operand));
  integer.node = graph_->arithmetic(OP_SUBTRACT, graph_->constant(0), integer.node);
  integer.size = 8;
  integer.is_signed = true;
  return integer;
}

Result<Value> ExpressionCompiler::evaluate_logic(const Expression& expression) {
  const bool is_and = expression.text == "&&";
  std::optional<NodeId> result;
  for (const Expression& operand : expression.operands) {
    ASSIGN_OR_RETURN(const Value value, evaluate_basic(operand));
    if (const auto* constant = std::get_if<BooleanConstant>(&value)) {
      if (constant->value != is_and) {
        return *constant;
      }
      continue;
    }
    ASSIGN_OR_RETURN(const NodeId condition, as_condition(value, operand));
    result = result ? graph_->logic(is_and ? OP_AND : OP_OR, *result, condition) : condition;
  }
  return result ? Value(Boolean{*result, {}, true}) : Value(BooleanConstant{is_and});
}

Result<Value> ExpressionCompiler::evaluate_arithmetic(const Expression& expression) {
  const std::string& op = expression.text;
  const operation_code code = op == "+"   ? OP_ADD
                              : op == "-" ? OP_SUBTRACT
                              : op == "*" ? OP_MULTIPLY
                              : op == "&" ? OP_BIT_AND
                                          : OP_OR;
  ASSIGN_OR_RETURN(const Integer left, evaluate_integer(expression.operands.at(0)));
  ASSIGN_OR_RETURN(const Integer right, evaluate_integer(expression.operands.at(1)));
  Integer result;
  result.node = graph_->arithmetic(code, left.node, right.node);
  result.guards = joined(left.guards, right.guards);
  result.is_signed = left.is_signed || right.is_signed;
  result.is_nanoseconds = left.is_nanoseconds || right.is_nanoseconds;
  return result;
}

Result<Value> ExpressionCompiler::evaluate_comparison(const Expression& expression) {
  ASSIGN_OR_RETURN(Value left, evaluate_read(expression.operands.at(0)));
  ASSIGN_OR_RETURN(Value right, evaluate_read(expression.operands.at(1)));
  const auto is_pointer_like = [](const Value& value) {
    return std::holds_alternative<Place>(value) || std::holds_alternative<Nil>(value);
  };
  if (!is_pointer_like(left) || !is_pointer_like(right)) {
    ASSIGN_OR_RETURN(left, about(expression, basic(left)));
    ASSIGN_OR_RETURN(right, about(expression, basic(right)));
  }
  return about(expression, compare_values(*graph_, *lookup_, expression.text, left, right));
}

Result<Value> ExpressionCompiler::evaluate_binary(const Expression& expression) {
  const std::string& op = expression.text;
  if (op == "&&" || op == "||") {
    return evaluate_logic(expression);
  }
  const bool is_comparison = op == "==" || op == "!=" || op == "<" || op == "<=" || op == ">" || op == ">=";
  return is_comparison ? evaluate_comparison(expression) : evaluate_arithmetic(expression);
}

}  // namespace plan
