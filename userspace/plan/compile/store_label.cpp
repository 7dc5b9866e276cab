#include "plan/compile/store_label.hpp"

#include <utility>
#include <variant>

#include "abi/limits.h"
#include "plan/compile/compare_values.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::Type;
using inspect::TypeKind;

namespace {

constexpr std::uint16_t kLengthBytes = 2;

LabelField constant_field(std::string text) {
  LabelField field;
  field.kind = LabelField::Kind::kConstant;
  field.cases.push_back(std::move(text));
  return field;
}

std::string why_no_label(const TypeLookup& lookup, const Place& place) {
  const Type& type = lookup[place.type];
  switch (type.kind) {
    case TypeKind::kInterface:
      return type.name == "error"
                 ? "the text of an error is made by a call, which cannot be done from outside; use != nil or "
                   "typeof()"
                 : fmt::format("it is the interface {}; use typeof(), != nil or .(*pkg.Type).Field",
                               type.name);
    case TypeKind::kSlice:
      return fmt::format("its type is {}; use len(), an element, or string() of a []byte", type.name);
    case TypeKind::kMap:
    case TypeKind::kChan:
      return fmt::format("its type is {}; use len()", type.name);
    case TypeKind::kArray:
      return fmt::format("its type is {}; use an element, or string() of bytes (as: hex or as: uuid)",
                         type.name);
    default:
      return fmt::format("its type is {}; name a field that is a string, a number or a bool", type.name);
  }
}

// How the bytes of an integer are to be read.
LabelField with_reading_of(const Integer& integer, LabelField field) {
  field.is_signed = integer.is_signed;
  if (integer.is_nanoseconds) {
    field.transforms.push_back({.kind = config::Transform::Kind::kDuration});
  }
  return field;
}

class LabelStorer {
 public:
  LabelStorer(OperationGraph* graph, const TypeLookup* lookup, std::uint16_t offset, TextForm form,
              Presence presence)
      : graph_(graph), lookup_(lookup), offset_(offset), form_(form), presence_(presence) {}

  Result<LabelField> operator()(const Text& text) {
    if (form_.max_length > ABI_STRING) {
      return fail(ErrorCode::kUnsupported, "max_length {}: at most {} bytes of a string are kept",
                  form_.max_length, +ABI_STRING);
    }
    LabelField field =
        begin(LabelField::Kind::kString, static_cast<std::uint16_t>(kLengthBytes + form_.max_length));
    if (presence_ == Presence::kAlways) {
      store_presence(field, text.length, text.guards);
    }
    graph_->store_string(text.pointer, text.length, text.guards, static_cast<std::uint16_t>(form_.max_length),
                         field.offset, form_.is_grouped ? OPERATION_GROUP_PATH : 0);
    return field;
  }

  Result<LabelField> operator()(const Integer& integer) {
    LabelField field = with_reading_of(integer, begin(LabelField::Kind::kInteger, integer.size));
    store_word(field, integer.node, integer.guards);
    return field;
  }

  Result<LabelField> operator()(const Boolean& boolean) {
    LabelField field = begin(LabelField::Kind::kBool, 1);
    store_word(field, boolean.node, boolean.guards);
    return field;
  }

  // No presence byte: 0 is the type of nil.
  Result<LabelField> operator()(const DynamicType& type) {
    LabelField field = begin(LabelField::Kind::kType, 8);
    const NodeId address = graph_->dynamic_type(type.address);
    if (presence_ == Presence::kAlways) {
      store_presence(field, address, type.guards);
    }
    graph_->store(address, type.guards, 8, field.offset);
    return field;
  }

  Result<LabelField> operator()(const TextConstant& constant) {
    if (constant.is_function_name) {
      LabelField field;
      field.kind = LabelField::Kind::kFunction;
      return field;
    }
    return constant_field(constant.value);
  }

  Result<LabelField> operator()(const IntegerConstant& constant) {
    return constant_field(fmt::format("{}", constant.value));
  }

  Result<LabelField> operator()(const BooleanConstant& constant) {
    return constant_field(constant.value ? "true" : "false");
  }

  Result<LabelField> operator()(const Nil&) { return fail(ErrorCode::kUnsupported, "nil is no text"); }

  Result<LabelField> operator()(const Place& place) {
    return fail(ErrorCode::kUnsupported, "{}", why_no_label(*lookup_, place));
  }

 private:
  [[nodiscard]] LabelField begin(LabelField::Kind kind, std::uint16_t size) const {
    LabelField field;
    field.kind = kind;
    field.offset = offset_;
    field.size = size;
    return field;
  }

  void store_presence(LabelField& field, NodeId node, const Guards& guards) {
    const bool may_fail = graph_->can_fail(node) || !guards.empty();
    graph_->store(may_fail ? graph_->is_valid(node, guards) : graph_->constant(1), {}, 1, field.offset);
    field.optional = true;
    ++field.offset;
  }

  void store_word(LabelField& field, NodeId node, const Guards& guards) {
    if (presence_ == Presence::kAlways || graph_->can_fail(node) || !guards.empty()) {
      store_presence(field, node, guards);
    }
    graph_->store(node, guards, static_cast<std::uint8_t>(field.size), field.offset);
  }

  OperationGraph* graph_;     // the caller's
  const TypeLookup* lookup_;  // the caller's
  std::uint16_t offset_;
  TextForm form_;
  Presence presence_;
};

// One of several values that share a place.
class AlternativeStorer {
 public:
  AlternativeStorer(OperationGraph* graph, const TypeLookup* lookup, std::uint16_t offset, TextForm form)
      : graph_(graph), lookup_(lookup), offset_(offset), form_(form) {}

  Result<LabelField> operator()(const Text& text) {
    const LabelField field =
        begin(LabelField::Kind::kString, static_cast<std::uint16_t>(kLengthBytes + form_.max_length));
    graph_->store_string(
        text.pointer, text.length, text.guards, static_cast<std::uint16_t>(form_.max_length), field.offset,
        static_cast<std::uint8_t>(OPERATION_IF_ABSENT | (form_.is_grouped ? OPERATION_GROUP_PATH : 0)));
    return field;
  }

  Result<LabelField> operator()(const Integer& integer) {
    return stored(with_reading_of(integer, begin(LabelField::Kind::kInteger, integer.size)), integer.node,
                  integer.guards);
  }

  Result<LabelField> operator()(const Boolean& boolean) {
    return stored(begin(LabelField::Kind::kBool, 1), boolean.node, boolean.guards);
  }

  Result<LabelField> operator()(const DynamicType& type) {
    Guards guards = type.guards;
    guards.push_back(graph_->require(type.address, type.guards));
    return stored(begin(LabelField::Kind::kType, 8), graph_->dynamic_type(type.address), guards);
  }

  Result<LabelField> operator()(const Place& place) {
    return fail(ErrorCode::kUnsupported, "{}", why_no_label(*lookup_, place));
  }

  template <class Constant>
  Result<LabelField> operator()(const Constant&) {
    return fail(ErrorCode::kUnsupported, "it is a constant, which is always there");
  }

 private:
  [[nodiscard]] LabelField begin(LabelField::Kind kind, std::uint16_t size) const {
    LabelField field;
    field.kind = kind;
    field.optional = true;
    field.offset = static_cast<std::uint16_t>(offset_ + 1);
    field.size = size;
    return field;
  }

  Result<LabelField> stored(LabelField field, NodeId node, const Guards& guards) {
    graph_->store(node, guards, static_cast<std::uint8_t>(field.size), field.offset, OPERATION_IF_ABSENT);
    return field;
  }

  OperationGraph* graph_;  // the caller's, as all pointers here
  const TypeLookup* lookup_;
  std::uint16_t offset_;
  TextForm form_;
};

Result<> expect_text(const TypeLookup& lookup, const Value& value, TextForm form) {
  const bool is_text = std::holds_alternative<Text>(value) || std::holds_alternative<TextConstant>(value);
  if (form.is_grouped && !is_text && !std::holds_alternative<Place>(value)) {
    return fail(ErrorCode::kUnsupported, "it is {}; group: path needs a string", kind_of(lookup, value));
  }
  return {};
}

}  // namespace

Result<LabelField> store_alternative(OperationGraph& graph, const TypeLookup& lookup, const Value& value,
                                     std::uint16_t offset, TextForm form) {
  RETURN_IF_ERROR(expect_text(lookup, value, form));
  return std::visit(AlternativeStorer(&graph, &lookup, offset, form), value);
}

Result<LabelField> store_label(OperationGraph& graph, const TypeLookup& lookup, const Value& value,
                               std::uint16_t offset, TextForm form, Presence presence) {
  RETURN_IF_ERROR(expect_text(lookup, value, form));
  return std::visit(LabelStorer(&graph, &lookup, offset, form, presence), value);
}

std::uint16_t end_of(const LabelField& field) {
  return static_cast<std::uint16_t>(field.offset + field.size);
}

std::string absent_text(const std::vector<config::Transform>& transforms) {
  std::string text;
  for (const config::Transform& transform : transforms) {
    if (transform.kind == config::Transform::Kind::kMap && transform.otherwise) {
      text = *transform.otherwise;
    }
  }
  return text;
}

}  // namespace plan
