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

// Along fields, through the pointers between them.
Result<Place> walk(const PathContext& context, Place at, const FieldRoute& route) {
  const TypeLookup& lookup = *context.lookup;
  for (const Field* field : route) {
    if (lookup[at.type].kind == TypeKind::kPointer) {
      ASSIGN_OR_RETURN(at, pointee_of(*context.graph, lookup, at));
    }
    RETURN_IF_ERROR(expect_no_doubt(lookup, at.type, field->name));
    at = step_into(std::move(at), *field);
  }
  return at;
}

// The value of type `id` behind an interface's two words.
Result<Place> held_value(const PathContext& context, const DynamicType& held, const Word& data, TypeId id) {
  const Type& type = (*context.lookup)[id];
  if (!type.descriptor) {
    return fail(ErrorCode::kNotFound,
                "type {} is not in the binary's type metadata, so no interface holds one{}", type.name,
                context.lookup->suggestion(type.name.substr(type.name.find_first_not_of('*'))));
  }
  const NodeId wanted = context.graph->type_address(value_of(*type.descriptor));
  Guards guards = data.guards;
  guards.push_back(context.graph->require_equal(held.address, wanted, held.guards));
  if (type.direct_in_interface) {
    return direct_value(id, data.node, std::move(guards));
  }
  Place inner;
  inner.type = id;
  inner.base = data.node;
  inner.guards = std::move(guards);
  return inner;
}

// ---- fields of interfaces ----

// More than these need more registers than there are.
constexpr std::size_t kMostHolders = 8;
constexpr std::size_t kMostListed = 5;

// The way to the field of a value that an interface holds. A struct that is nothing but a pointer to another
// one, as HTTP/2's ResponseWriter is, stands for that one.
std::optional<FieldRoute> route_in_held(const TypeLookup& lookup, const Type& type, const std::string& name) {
  constexpr std::size_t kMostHandles = 3;
  FieldRoute before;
  const Type* at = &type;
  while (true) {
    Result<std::optional<FieldRoute>> route = find_route(lookup, *at, name);
    if (route && *route) {
      before.insert(before.end(), (*route)->begin(), (*route)->end());
      return before;
    }
    const bool is_handle = at->kind == TypeKind::kStruct && at->fields.size() == 1 &&
                           lookup[at->fields.front().type].kind == TypeKind::kPointer;
    if (!route || !is_handle || before.size() == kMostHandles) {
      return std::nullopt;
    }
    before.push_back(&at->fields.front());
    at = &behind_pointer(lookup, at->fields.front().type);
  }
}

bool could_hold(const PathContext& context, const Type& interface, const std::string& name, TypeId concrete) {
  return implements((*context.lookup)[concrete], interface) &&
         route_in_held(*context.lookup, behind_pointer(*context.lookup, concrete), name).has_value();
}

// The types in the binary that the interface can hold and that have the field.
std::vector<TypeId> holders_of_field(const PathContext& context, const Type& interface,
                                     const std::string& name) {
  std::set<TypeId> found;
  if (!interface.empty_interface) {
    for (const auto& [itab, concrete] : context.facts->itab_types) {
      if (could_hold(context, interface, name, concrete)) {
        found.insert(concrete);
      }
    }
    return {found.begin(), found.end()};
  }
  const std::vector<Type>& types = context.facts->types.types();
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i].descriptor && types[i].kind != TypeKind::kInterface &&
        could_hold(context, interface, name, static_cast<TypeId>(i))) {
      found.insert(static_cast<TypeId>(i));
    }
  }
  return {found.begin(), found.end()};
}

std::string listed(const TypeLookup& lookup, const std::vector<TypeId>& types) {
  std::string list;
  for (std::size_t i = 0; i < std::min(types.size(), kMostListed); ++i) {
    list += fmt::format("{}{}", i == 0 ? "" : ", ", lookup[types[i]].name);
  }
  return types.size() <= kMostListed ? list : fmt::format("{} and {} more", list, types.size() - kMostListed);
}

// Whether a value of the one type can be read as one of the other: numbers may differ in size.
bool reads_alike(const Type& left, TypeId left_id, const Type& right, TypeId right_id) {
  if (left_id == right_id) {
    return true;
  }
  switch (left.kind) {
    case TypeKind::kBool:
    case TypeKind::kInt:
    case TypeKind::kUint:
    case TypeKind::kString:
      return left.kind == right.kind && (left.name == "time.Duration") == (right.name == "time.Duration");
    default:
      return false;
  }
}

// The words by which a value is read; empty: as a whole it is not, its fields are.
std::vector<std::uint64_t> words_of(TypeKind kind) {
  switch (kind) {
    case TypeKind::kString:
    case TypeKind::kInterface:
    case TypeKind::kSlice:
      return {0, 8};
    case TypeKind::kStruct:
    case TypeKind::kArray:
    case TypeKind::kFloat:
    case TypeKind::kComplex:
      return {};
    default:
      return {0};
  }
}

// The words of a value, and whether they are there.
struct WordsThere {
  std::vector<NodeId> words;  // zeros where they are not
  NodeId is_there{};
};

Result<WordsThere> words_there(const PathContext& context, const Place& place) {
  const TypeLookup& lookup = *context.lookup;
  OperationGraph& graph = *context.graph;
  const bool is_scalar = lookup[place.type].size <= 8;
  WordsThere there;
  for (const std::uint64_t offset : words_of(lookup[place.type].kind)) {
    ASSIGN_OR_RETURN(const Word word,
                     is_scalar ? scalar_at(graph, lookup, place) : word_at(graph, lookup, place, offset));
    there.is_there = offset == 0 ? graph.is_valid(word.node, word.guards) : there.is_there;
    there.words.push_back(graph.value_or_zero(word.node, word.guards));
  }
  return there;
}

// One value of several, of which at most one is there: the others are zeros.
Result<Place> whichever_is_there(const PathContext& context, const std::vector<Place>& places) {
  const TypeLookup& lookup = *context.lookup;
  OperationGraph& graph = *context.graph;
  ASSIGN_OR_RETURN(WordsThere all, words_there(context, places.front()));
  for (std::size_t i = 1; i < places.size(); ++i) {
    ASSIGN_OR_RETURN(const WordsThere one, words_there(context, places[i]));
    all.is_there = graph.logic(OP_OR, all.is_there, one.is_there);
    for (std::size_t word = 0; word < all.words.size(); ++word) {
      all.words[word] = graph.logic(OP_OR, all.words[word], one.words[word]);
    }
    graph.compute_after(all.is_there, all.words);
  }
  Place any;
  any.type =
      std::ranges::max(places, {}, [&lookup](const Place& place) { return lookup[place.type].size; }).type;
  const std::uint64_t size = std::min<std::uint64_t>(lookup[any.type].size, 8);
  for (std::size_t word = 0; word < all.words.size(); ++word) {
    any.leaves.push_back({8 * word, size, false, all.words[word]});
  }
  any.guards.push_back(graph.require(all.is_there, {}));
  return any;
}

Result<Place> select_in_all(const PathContext& context, const Place& place, const std::string& name,
                            const std::vector<TypeId>& holders) {
  const TypeLookup& lookup = *context.lookup;
  ASSIGN_OR_RETURN(DynamicType held, dynamic_type_of(context, place));
  ASSIGN_OR_RETURN(Word data, word_at(*context.graph, lookup, place, 8));
  if (holders.size() > 1) {
    // No type is at 0: what cannot be read is none of them, and need not be asked for each.
    held = {context.graph->value_or_zero(held.address, held.guards), {}, held.interface};
    data = {context.graph->value_or_zero(data.node, {}), {}};
  }
  std::vector<Place> places;
  std::string paths;
  for (const TypeId holder : holders) {
    ASSIGN_OR_RETURN(Place at, held_value(context, held, data, holder));
    at.path = fmt::format("{} .({})", place.path, lookup[holder].name);
    const FieldRoute route =
        route_in_held(lookup, behind_pointer(lookup, holder), name).value_or(FieldRoute{});
    ASSIGN_OR_RETURN(at, walk(context, std::move(at), route));
    paths += (paths.empty() ? "" : " |") + at.path.substr(place.path.size());
    places.push_back(std::move(at));
  }
  if (places.size() == 1) {
    return places.front();
  }
  const Type& first = lookup[places.front().type];
  for (std::size_t i = 1; i < places.size(); ++i) {
    const Type& other = lookup[places[i].type];
    if (!reads_alike(first, places.front().type, other, places[i].type)) {
      return fail(ErrorCode::kUnsupported,
                  "it is a {} in {} and a {} in {}: say which is meant, as in .({}).{}", first.name,
                  lookup[holders.front()].name, other.name, lookup[holders[i]].name,
                  lookup[holders.front()].name, name);
    }
  }
  if (words_of(first.kind).empty()) {
    return fail(ErrorCode::kUnsupported, "it is a {} in {}: say which is meant, as in .({}).{}", first.name,
                listed(lookup, holders), lookup[holders.front()].name, name);
  }
  ASSIGN_OR_RETURN(Place any, whichever_is_there(context, places));
  any.path = fmt::format("{} {{{} }}", place.path, paths);
  return any;
}

Result<Place> select_in_interface(const PathContext& context, const Place& place, const std::string& name) {
  const Type& interface = (*context.lookup)[place.type];
  const std::vector<TypeId> holders = holders_of_field(context, interface, name);
  if (holders.empty()) {
    return fail(
        ErrorCode::kUnsupported,
        "it is the interface {}, and no type in the binary that it can hold has a field {}; say what it "
        "holds, as in .(*pkg.Type).{}",
        interface.name, name, name);
  }
  if (holders.size() > kMostHolders) {
    return fail(
        ErrorCode::kUnsupported,
        "it is the interface {}, which can hold {} types with a field {} ({}); {} can be tried: say what it "
        "holds, as in .({}).{}",
        interface.name, holders.size(), name, listed(*context.lookup, holders), kMostHolders,
        (*context.lookup)[holders.front()].name, name);
  }
  return select_in_all(context, place, name, holders);
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
  return walk(context, std::move(at), *route);
}

std::string other_holders(const PathContext& context, TypeId interface_id, TypeId asserted,
                          const std::string& name) {
  const Type& interface = (*context.lookup)[interface_id];
  if (interface.kind != TypeKind::kInterface || interface.empty_interface) {
    return "";
  }
  std::vector<TypeId> others = holders_of_field(context, interface, name);
  std::erase(others, asserted);
  return listed(*context.lookup, others);
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
  ASSIGN_OR_RETURN(const Word data, word_at(*context.graph, lookup, place, 8));
  ASSIGN_OR_RETURN(Place inner, held_value(context, held, data, id));
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
