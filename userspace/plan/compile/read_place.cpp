#include "plan/compile/read_place.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::Type;
using inspect::TypeKind;

namespace {

bool is_signed_kind(TypeKind kind) {
  return kind == TypeKind::kInt;
}

Result<NodeId> leaf_at(const Place& place, std::uint64_t offset) {
  for (const Place::Leaf& leaf : place.leaves) {
    if (leaf.offset == place.offset + offset) {
      if (leaf.is_float) {
        return fail(ErrorCode::kUnsupported, "floats in registers cannot be read from BPF");
      }
      if (!leaf.word) {
        return fail(ErrorCode::kUnsupported, "it is in a register that cannot be read");
      }
      return *leaf.word;
    }
  }
  return fail(ErrorCode::kUnsupported, "nothing is kept of this part of the value");
}

bool is_atomic_package(const std::string& package) {
  return package == "sync/atomic" || package == "internal/runtime/atomic" ||
         package == "runtime/internal/atomic";
}

// " pkg.Type", with where its fields are known from, unless that is the binary's own type metadata.
std::string described_struct(const Type& type) {
  if (type.kind != TypeKind::kStruct) {
    return {};
  }
  const bool is_written = type.name.starts_with("struct");
  return fmt::format(" {}{}", is_written ? "struct" : type.name,
                     type.descriptor ? ""
                     : is_written    ? " (signature)"
                                     : " (DWARF)");
}

}  // namespace

Guards joined(Guards left, const Guards& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

Result<Word> word_at(OperationGraph& graph, const TypeLookup& lookup, const Place& place,
                     std::uint64_t offset) {
  if (!place.base) {
    ASSIGN_OR_RETURN(const NodeId node, leaf_at(place, offset));
    return Word{node, place.guards};
  }
  const bool has_pair = lookup[place.type].size >= 16;
  if (!has_pair || offset >= 16) {
    return Word{graph.load(*place.base, place.offset + offset, 8, false, place.guards), {}};
  }
  const auto [first, second] = graph.load_pair(*place.base, place.offset, place.guards);
  return Word{offset == 0 ? first : second, {}};
}

Result<Word> scalar_at(OperationGraph& graph, const TypeLookup& lookup, const Place& place) {
  const Type& type = lookup[place.type];
  const auto size = static_cast<std::uint8_t>(type.size);
  const bool is_signed = is_signed_kind(type.kind);
  if (place.base) {
    return Word{graph.load(*place.base, place.offset, size, is_signed, place.guards), {}};
  }
  ASSIGN_OR_RETURN(const NodeId node, leaf_at(place, 0));
  // Registers hold junk above the width of the type.
  return Word{graph.extend(node, size, is_signed), place.guards};
}

Result<Place> pointee_of(OperationGraph& graph, const TypeLookup& lookup, const Place& pointer) {
  const Type& type = lookup[pointer.type];
  if (type.element == inspect::TypeId::kNone) {
    return fail(ErrorCode::kUnsupported, "what {} points to is not known", type.name);
  }
  ASSIGN_OR_RETURN(const Word word, word_at(graph, lookup, pointer, 0));
  Place place;
  place.type = type.element;
  place.base = word.node;
  place.guards = word.guards;
  place.path = pointer.path + " ->" + described_struct(lookup[place.type]);
  return place;
}

Place without_atomic(const TypeLookup& lookup, Place place) {
  const Type& type = lookup[place.type];
  if (type.kind != TypeKind::kStruct || !is_atomic_package(type.package)) {
    return place;
  }
  const auto value = std::ranges::find_if(
      type.fields, [](const inspect::Field& field) { return field.name == "v" || field.name == "value"; });
  if (value == type.fields.end()) {
    return place;
  }
  place.offset += value->offset;
  place.path += fmt::format(" .{} +{}", value->name, value->offset);
  // atomic.Pointer[T] says what it points to by its first field: _ [0]*T.
  const Type& first = lookup[type.fields.front().type];
  const bool is_typed_pointer = first.kind == TypeKind::kArray && first.length == 0;
  place.type = is_typed_pointer ? first.element : value->type;
  return place;
}

Result<Place> behind_pointer(OperationGraph& graph, const TypeLookup& lookup, const Place& place) {
  const Place inner = without_atomic(lookup, place);
  const Type& pointer = lookup[inner.type];
  if (pointer.kind != TypeKind::kPointer || pointer.element == inspect::TypeId::kNone) {
    return place;
  }
  switch (lookup[pointer.element].kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kUint:
    case TypeKind::kFloat:
    case TypeKind::kString:
    case TypeKind::kSlice:
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kChan:
      return pointee_of(graph, lookup, inner);
    default:
      return place;
  }
}

Result<Value> read_value(OperationGraph& graph, const TypeLookup& lookup, const Place& place) {
  const bool is_atomic_bool = lookup[place.type].name == "atomic.Bool";
  Place inner = without_atomic(lookup, place);
  const Type& type = lookup[inner.type];
  switch (type.kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kUint: {
      ASSIGN_OR_RETURN(const Word word, scalar_at(graph, lookup, inner));
      if (type.kind == TypeKind::kBool) {
        return Boolean{word.node, word.guards, false};
      }
      if (is_atomic_bool) {
        return Boolean{graph.truth(word.node, word.guards), {}, true};
      }
      return Integer{word.node, word.guards, static_cast<std::uint8_t>(type.size), is_signed_kind(type.kind),
                     type.name == "time.Duration"};
    }
    case TypeKind::kString: {
      ASSIGN_OR_RETURN(const Word pointer, word_at(graph, lookup, inner, 0));
      ASSIGN_OR_RETURN(const Word length, word_at(graph, lookup, inner, 8));
      return Text{pointer.node, length.node, pointer.guards};
    }
    case TypeKind::kFloat:
    case TypeKind::kComplex:
      return fail(ErrorCode::kUnsupported, "its type is {}; only integers, texts and booleans can be read",
                  type.name);
    default:
      return inner;
  }
}

}  // namespace plan
