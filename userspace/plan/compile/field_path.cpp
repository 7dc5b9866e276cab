#include "plan/compile/field_path.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/nearest_name.hpp"
#include "plan/compile/read_place.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::Field;
using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;

namespace {

// Fields to walk through, outermost first.
using FieldRoute = std::vector<const Field*>;

const Type& behind_pointer(const TypeLookup& lookup, TypeId id) {
  const Type& type = lookup[id];
  return type.kind == TypeKind::kPointer && type.element != TypeId::kNone ? lookup[type.element] : type;
}

const Field* own_field(const Type& type, const std::string& name) {
  const auto found = std::ranges::find(type.fields, name, &Field::name);
  return found == type.fields.end() ? nullptr : &*found;
}

// Go's rule: the shallowest field of that name; two at one depth are ambiguous.
Result<std::optional<FieldRoute>> find_route(const TypeLookup& lookup, const Type& type,
                                             const std::string& name) {
  constexpr int kMostDepth = 8;
  std::vector<std::pair<const Type*, FieldRoute>> level = {{&type, {}}};
  std::set<const Type*> seen;
  for (int depth = 0; depth < kMostDepth && !level.empty(); ++depth) {
    std::vector<std::pair<const Type*, FieldRoute>> next;
    std::optional<FieldRoute> found;
    for (const auto& [at, route] : level) {
      if (!seen.insert(at).second) {
        continue;
      }
      if (const Field* field = own_field(*at, name)) {
        if (found) {
          return fail(ErrorCode::kUnsupported,
                      "{}.{} is ambiguous: two embedded structs have it; name the one meant", type.name,
                      name);
        }
        found = route;
        found->push_back(field);
      }
      for (const Field& field : at->fields) {
        if (field.embedded) {
          FieldRoute longer = route;
          longer.push_back(&field);
          next.emplace_back(&behind_pointer(lookup, field.type), std::move(longer));
        }
      }
    }
    if (found) {
      return found;
    }
    level = std::move(next);
  }
  return std::nullopt;
}

base::Error no_field(const TypeLookup& lookup, TypeId id, const std::string& name) {
  const Type& type = lookup[id];
  if (lookup.is_unknown(id)) {
    return {ErrorCode::kNotFound,
            fmt::format("type {} is not in the binary's type metadata, so its field {} cannot be "
                        "found{}",
                        type.name, name, lookup.suggestion(type.name))};
  }
  std::vector<std::string> names;
  std::string list;
  for (const Field& field : type.fields) {
    names.push_back(field.name);
    list += fmt::format("{}{}", list.empty() ? "" : ", ", field.name);
  }
  const std::string nearest = base::did_you_mean(name, names);
  return {ErrorCode::kNotFound,
          fmt::format("{} has no field {}{}", type.name, name,
                      nearest.empty() ? fmt::format("; it has {}", list.empty() ? "none" : list) : nearest)};
}

Result<> expect_no_doubt(const TypeLookup& lookup, TypeId structure, const std::string& name) {
  const Doubts* const doubts = lookup.doubts_about(structure);
  if (doubts == nullptr || !doubts->fields.contains(name)) {
    return {};
  }
  return fail(
      ErrorCode::kUnsupported,
      "where {}.{} lies or what type it has depends on type arguments that the binary does not tell: its "
      "type metadata has {}; name a field that does not depend on them, or probe a binary with DWARF",
      lookup[structure].name, name, doubts->instantiations);
}

Place step_into(Place place, const Field& field) {
  place.path += fmt::format(" .{} +{}", field.name, field.offset);
  place.type = field.type;
  place.offset += field.offset;
  return place;
}

// The types that an interface value without an assertion could hold and that have the field.
std::vector<TypeId> holders_with_field(const PathContext& context, const Type& interface,
                                       const std::string& name) {
  std::set<TypeId> found;
  for (const auto& [itab, concrete] : context.facts->itab_types) {
    const Type& type = (*context.lookup)[concrete];
    const Type& target = behind_pointer(*context.lookup, concrete);
    if (implements(type, interface)) {
      const Result<std::optional<FieldRoute>> route = find_route(*context.lookup, target, name);
      if (route && *route) {
        found.insert(concrete);
      }
    }
  }
  return {found.begin(), found.end()};
}

Result<Place> select_in_interface(const PathContext& context, const Place& place, const std::string& name) {
  const Type& interface = (*context.lookup)[place.type];
  const std::vector<TypeId> holders =
      interface.empty_interface ? std::vector<TypeId>{} : holders_with_field(context, interface, name);
  if (holders.size() == 1) {
    ASSIGN_OR_RETURN(const Place inner, assert_type(context, place, holders.front()));
    return select_field(context, inner, name);
  }
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(holders.size(), 5); ++i) {
    list += fmt::format("{}{}", i == 0 ? "; it can hold " : ", ", (*context.lookup)[holders[i]].name);
  }
  return fail(ErrorCode::kUnsupported, "it is the interface {}: say what it holds, as in .(*pkg.Type).{}{}",
              interface.name, name, list);
}

std::optional<TypeId> struct_behind(const TypeLookup& lookup, TypeId id) {
  const Type& type = lookup[id];
  if (type.kind == TypeKind::kStruct) {
    return id;
  }
  if (type.kind == TypeKind::kPointer && type.element != TypeId::kNone &&
      lookup[type.element].kind == TypeKind::kStruct) {
    return type.element;
  }
  return std::nullopt;
}

// The words of a value that lies directly in an interface's data word.
Place direct_value(TypeId type, NodeId data, Guards guards) {
  Place place;
  place.type = type;
  place.leaves.push_back({0, 8, false, data});
  place.guards = std::move(guards);
  return place;
}

}  // namespace

Result<Place> select_field(const PathContext& context, const Place& place, const std::string& name) {
  const TypeLookup& lookup = *context.lookup;
  if (lookup[place.type].kind == TypeKind::kInterface) {
    return select_in_interface(context, place, name);
  }
  std::optional<TypeId> structure = struct_behind(lookup, place.type);
  if (!structure) {
    return fail(ErrorCode::kUnsupported, "its type is {}, which has no fields", lookup[place.type].name);
  }
  ASSIGN_OR_RETURN(std::optional<FieldRoute> route, find_route(lookup, lookup[*structure], name));
  Place at = place;
  if (!route) {
    // x.Field of an atomic.Pointer[T] means the T.
    at = without_atomic(lookup, place);
    structure = struct_behind(lookup, at.type);
    if (at.type == place.type || !structure) {
      return std::unexpected(no_field(lookup, structure.value_or(place.type), name));
    }
    ASSIGN_OR_RETURN(route, find_route(lookup, lookup[*structure], name));
    if (!route) {
      return std::unexpected(no_field(lookup, *structure, name));
    }
  }
  for (const Field* field : *route) {
    if (lookup[at.type].kind == TypeKind::kPointer) {
      ASSIGN_OR_RETURN(at, pointee_of(*context.graph, lookup, at));
    }
    RETURN_IF_ERROR(expect_no_doubt(lookup, at.type, field->name));
    at = step_into(std::move(at), *field);
  }
  return at;
}

Result<DynamicType> dynamic_type_of(const PathContext& context, const Place& place) {
  const Type& type = (*context.lookup)[place.type];
  if (type.kind != TypeKind::kInterface) {
    return fail(ErrorCode::kUnsupported, "its type is {}, not an interface", type.name);
  }
  ASSIGN_OR_RETURN(const Word first, word_at(*context.graph, *context.lookup, place, 0));
  if (type.empty_interface) {
    return DynamicType{first.node, first.guards, place.type};
  }
  constexpr std::uint64_t kTypeInItab = 8;
  return DynamicType{context.graph->load(first.node, kTypeInItab, 8, false, first.guards), {}, place.type};
}

Result<Place> assert_type(const PathContext& context, const Place& place, TypeId id) {
  const TypeLookup& lookup = *context.lookup;
  const Type& type = lookup[id];
  const std::string path = fmt::format("{} .({})", place.path, type.name);
  if (lookup[place.type].kind == TypeKind::kUnsafePointer) {
    ASSIGN_OR_RETURN(const Word word, word_at(*context.graph, lookup, place, 0));
    Place cast = direct_value(id, word.node, word.guards);
    cast.path = path;
    return cast;
  }
  if (type.kind == TypeKind::kInterface) {
    return fail(ErrorCode::kUnsupported,
                "{} is an interface; only assertions to the type that it holds can be checked", type.name);
  }
  ASSIGN_OR_RETURN(const DynamicType held, dynamic_type_of(context, place));
  if (!type.descriptor) {
    return fail(ErrorCode::kNotFound,
                "type {} is not in the binary's type metadata, so no interface holds one{}", type.name,
                lookup.suggestion(type.name.substr(type.name.find_first_not_of('*'))));
  }
  ASSIGN_OR_RETURN(const Word data, word_at(*context.graph, lookup, place, 8));
  const NodeId wanted = context.graph->type_address(value_of(*type.descriptor));
  Guards guards = data.guards;
  guards.push_back(context.graph->require_equal(held.address, wanted, held.guards));
  Place inner;
  if (type.direct_in_interface) {
    inner = direct_value(id, data.node, std::move(guards));
  } else {
    inner.type = id;
    inner.base = data.node;
    inner.guards = std::move(guards);
  }
  inner.path = path;
  return inner;
}

Result<Place> element_at(const PathContext& context, const Place& place, std::uint64_t index) {
  const TypeLookup& lookup = *context.lookup;
  const Type& type = lookup[place.type];
  Place element;
  switch (type.kind) {
    case TypeKind::kPointer:
      if (type.element != TypeId::kNone && lookup[type.element].kind == TypeKind::kArray) {
        ASSIGN_OR_RETURN(const Place array, pointee_of(*context.graph, lookup, place));
        return element_at(context, array, index);
      }
      break;
    case TypeKind::kArray:
      if (index >= type.length) {
        return fail(ErrorCode::kUnsupported, "index {} is beyond the {} elements of {}", index, type.length,
                    type.name);
      }
      element = place;
      element.type = type.element;
      element.offset += index * lookup[type.element].size;
      element.path += fmt::format(" [{}]", index);
      return element;
    case TypeKind::kSlice:
    case TypeKind::kString: {
      ASSIGN_OR_RETURN(const Word pointer, word_at(*context.graph, lookup, place, 0));
      ASSIGN_OR_RETURN(const Word length, word_at(*context.graph, lookup, place, 8));
      element.type = type.kind == TypeKind::kString ? lookup.byte() : type.element;
      if (element.type == TypeId::kNone) {
        break;
      }
      element.base = pointer.node;
      element.offset = index * lookup[element.type].size;
      element.guards = pointer.guards;
      element.guards.push_back(context.graph->require_above(length.node, index, length.guards));
      element.path = fmt::format("{} [{}]", place.path, index);
      return element;
    }
    case TypeKind::kMap:
      return fail(ErrorCode::kUnsupported,
                  "a map's elements cannot be looked up from outside; len() can be read");
    default:
      break;
  }
  return fail(ErrorCode::kUnsupported, "its type is {}, which has no elements to index", type.name);
}

}  // namespace plan
