#include "plan/language/type_lookup.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/nearest_name.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using config::TypeText;
using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;

namespace {

constexpr std::uint64_t kWord = 8;

// "Name" of "pkg.Name" and of "pkg.Name[other/pkg.Argument]".
std::string_view local_name(std::string_view printed) {
  const std::size_t bracket = printed.find('[');
  const std::size_t dot = printed.substr(0, bracket).rfind('.');
  return dot == std::string_view::npos ? printed : printed.substr(dot + 1);
}

// "Request[LoginRequest]" of "connect.Request[example.com/api/v1.LoginRequest]": how two spellings of one
// instantiation are recognized, as the arguments are written with full paths in the metadata.
std::string without_packages(std::string_view name) {
  constexpr std::string_view kSeparators = "[],*{}() ";
  std::string result;
  while (!name.empty()) {
    const std::size_t end = std::min(name.find_first_of(kSeparators), name.size());
    const std::string_view part = name.substr(0, end);
    const std::size_t dot = part.rfind('.');
    result += dot == std::string_view::npos ? part : part.substr(dot + 1);
    result += name.substr(end, 1);
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return result;
}

// The package before the name, as written: "connect" or "connectrpc.com/connect".
std::string_view package_of(std::string_view name) {
  const std::size_t dot = name.substr(0, name.find('[')).rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : name.substr(0, dot);
}

struct Basic {
  std::string_view name;
  TypeKind kind;
  std::uint64_t size;
};

constexpr std::array<Basic, 20> kBasicTypes = {{
    {"bool", TypeKind::kBool, 1},         {"int", TypeKind::kInt, 8},
    {"int8", TypeKind::kInt, 1},          {"int16", TypeKind::kInt, 2},
    {"int32", TypeKind::kInt, 4},         {"int64", TypeKind::kInt, 8},
    {"uint", TypeKind::kUint, 8},         {"uint8", TypeKind::kUint, 1},
    {"uint16", TypeKind::kUint, 2},       {"uint32", TypeKind::kUint, 4},
    {"uint64", TypeKind::kUint, 8},       {"uintptr", TypeKind::kUint, 8},
    {"byte", TypeKind::kUint, 1},         {"rune", TypeKind::kInt, 4},
    {"float32", TypeKind::kFloat, 4},     {"float64", TypeKind::kFloat, 8},
    {"complex64", TypeKind::kComplex, 8}, {"complex128", TypeKind::kComplex, 16},
    {"string", TypeKind::kString, 16},    {"unsafe.Pointer", TypeKind::kUnsafePointer, 8},
}};

std::uint64_t align_of(TypeKind kind, std::uint64_t size) {
  return kind == TypeKind::kComplex ? size / 2 : std::min<std::uint64_t>(size, kWord);
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t align) {
  return (value + align - 1) / align * align;
}

}  // namespace

bool is_same_type(const inspect::TypeTable& types, TypeId left, TypeId right) {
  if (left == right) {
    return true;
  }
  const Type& a = types[left];
  const Type& b = types[right];
  return !a.package.empty() && a.package == b.package && a.name == b.name;
}

bool implements(const Type& concrete, const Type& interface) {
  return std::ranges::all_of(interface.methods, [&](const inspect::Method& wanted) {
    return std::ranges::find(concrete.methods, wanted.name, &inspect::Method::name) != concrete.methods.end();
  });
}

TypeLookup::TypeLookup(inspect::TypeTable types) : types_(std::move(types)) {
  for (const Type& type : types_.types()) {
    index(static_cast<TypeId>(&type - types_.types().data()));
  }
  word_ = basic("uintptr").value_or(TypeId::kNone);
  byte_ = basic("uint8").value_or(TypeId::kNone);
  untyped_pointer_ = basic("unsafe.Pointer").value_or(TypeId::kNone);
}

const Type& TypeLookup::operator[](TypeId id) const {
  static const Type kUnreadable = [] {
    Type type;
    type.name = "type that could not be read";
    return type;
  }();
  return id == TypeId::kNone ? kUnreadable : types_[id];
}

void TypeLookup::index(TypeId id) {
  const Type& type = types_[id];
  if (type.kind == TypeKind::kPointer && type.element != TypeId::kNone) {
    const auto [known, is_new] = pointers_.emplace(type.element, id);
    if (!is_new && !types_[known->second].descriptor && type.descriptor) {
      known->second = id;
    }
  }
  if (!type.package.empty()) {
    by_path_.emplace(type.package + "." + std::string(local_name(type.name)), id);
    packages_.insert(type.package);
  }
}

TypeId TypeLookup::add(Type type) {
  const TypeId id = types_.add(std::move(type));
  index(id);
  return id;
}

bool TypeLookup::has_package(std::string_view path) const {
  return packages_.contains(std::string(path));
}

// One of several types that are the same: that with a descriptor serves for everything.
Result<TypeId> TypeLookup::only_candidate(std::string_view name, std::vector<TypeId> found) const {
  std::ranges::stable_sort(found, {}, [this](TypeId id) { return types_[id].descriptor ? 0 : 1; });
  std::string packages;
  bool is_ambiguous = false;
  for (const TypeId id : found) {
    is_ambiguous |= !is_same_type(types_, found.front(), id);
    packages +=
        fmt::format("{}{}.{}", packages.empty() ? "" : ", ", types_[id].package, local_name(types_[id].name));
  }
  if (is_ambiguous) {
    return fail(ErrorCode::kUnsupported, "{} could be any of {}; write the one that is meant", name,
                packages);
  }
  return found.front();
}

std::optional<TypeId> TypeLookup::of_package(std::string_view package, std::string_view name) const {
  std::vector<TypeId> found;
  const auto [first, last] = by_path_.equal_range(std::string(package) + "." + std::string(name));
  for (auto entry = first; entry != last; ++entry) {
    found.push_back(entry->second);
  }
  if (found.empty()) {
    return std::nullopt;
  }
  const Result<TypeId> only = only_candidate(name, found);
  return only ? std::optional(*only) : std::nullopt;
}

std::optional<TypeId> TypeLookup::basic(std::string_view name) {
  if (name == "any") {
    return from_text({.kind = TypeText::Kind::kInterface,
                      .name = "",
                      .length = 0,
                      .elements = {},
                      .field_names = {}},
                     "")
        .value();
  }
  const auto known = std::ranges::find(kBasicTypes, name, &Basic::name);
  if (known == kBasicTypes.end() && name != "error") {
    return std::nullopt;
  }
  const std::string printed = name == "byte" ? "uint8" : name == "rune" ? "int32" : std::string(name);
  for (const TypeId id : types_.named(printed)) {
    if (types_[id].package.empty() || name == "unsafe.Pointer") {
      return id;
    }
  }
  if (name == "error") {
    Type error;
    error.kind = TypeKind::kInterface;
    error.name = "error";
    error.size = 2 * kWord;
    error.align = kWord;
    error.methods.push_back({"Error", TypeId::kNone, std::nullopt});
    return add(std::move(error));
  }
  Type type;
  type.kind = known->kind;
  type.name = printed;
  type.size = known->size;
  type.align = align_of(known->kind, known->size);
  return add(std::move(type));
}

Result<TypeId> TypeLookup::named(const std::string& name, std::string_view package) {
  if (const std::optional<TypeId> id = basic(name)) {
    return *id;
  }
  const std::size_t slash = name.substr(0, name.find('[')).rfind('/');
  const bool is_qualified = name.find('.', slash == std::string::npos ? 0 : slash) != std::string::npos;
  std::vector<TypeId> found;
  if (slash == std::string::npos && is_qualified) {
    std::ranges::copy_if(types_.named(name), std::back_inserter(found),
                         [this](TypeId id) { return !unknown_.contains(id); });
  }
  if (found.empty()) {
    const std::string path = is_qualified ? name : std::string(package) + "." + name;
    const auto [first, last] = by_path_.equal_range(path);
    for (auto entry = first; entry != last; ++entry) {
      found.push_back(entry->second);
    }
  }
  if (found.empty() && name.ends_with(']')) {
    found = instantiations(name);
  }
  if (found.empty()) {
    return fail(ErrorCode::kNotFound, "type {} is not in the binary's type metadata{}", name,
                suggestion(name));
  }
  return only_candidate(name, std::move(found));
}

std::vector<TypeId> TypeLookup::instantiations(std::string_view name) const {
  const std::string wanted = without_packages(name);
  const std::string_view package = package_of(name);
  std::vector<TypeId> found;
  for (const Type& type : types_.types()) {
    const bool is_there = !type.package.empty() && type.name.ends_with(']') &&
                          (package == type.package || package == package_of(type.name));
    if (is_there && without_packages(type.name) == wanted) {
      found.push_back(static_cast<TypeId>(&type - types_.types().data()));
    }
  }
  return found;
}

std::string TypeLookup::suggestion(std::string_view name) const {
  const std::size_t slash = name.rfind('/');
  const std::string_view written = slash == std::string_view::npos ? name : name.substr(slash + 1);
  const std::string_view wanted = local_name(written);
  std::vector<std::string> candidates;
  for (const Type& type : types_.types()) {
    const std::string_view local = local_name(type.name);
    const std::size_t longer = std::max(local.size(), wanted.size());
    if (!type.package.empty() && longer - std::min(local.size(), wanted.size()) <= longer / 3 &&
        base::edit_distance(local, wanted) <= longer / 3) {
      candidates.push_back(type.name);
    }
  }
  return base::did_you_mean(written, candidates);
}

TypeId TypeLookup::composite(TypeKind kind, std::string name, std::uint64_t size, TypeId element) {
  for (const TypeId id : types_.named(name)) {
    if (types_[id].kind == kind && types_[id].element == element) {
      return id;
    }
  }
  Type type;
  type.kind = kind;
  type.name = std::move(name);
  type.size = size;
  type.align = kWord;
  type.element = element;
  return add(std::move(type));
}

TypeId TypeLookup::pointer_to(TypeId element) {
  const auto known = pointers_.find(element);
  return known != pointers_.end() ? known->second
                                  : composite(TypeKind::kPointer, "*" + types_[element].name, kWord, element);
}

TypeId TypeLookup::slice_of(TypeId element) {
  return composite(TypeKind::kSlice, "[]" + types_[element].name, 3 * kWord, element);
}

TypeId TypeLookup::unknown_type(std::string name) {
  Type type;
  type.kind = TypeKind::kStruct;
  type.name = std::move(name);
  const TypeId id = add(std::move(type));
  unknown_.insert(id);
  return id;
}

TypeId TypeLookup::with_doubts(TypeId type, std::string name, Doubts doubts) {
  for (const TypeId id : types_.named(name)) {
    if (doubts_.contains(id) && types_[id].package == types_[type].package) {
      return id;
    }
  }
  Type copy = types_[type];
  copy.name = std::move(name);
  copy.methods.clear();
  const TypeId id = add(std::move(copy));
  doubts_.emplace(id, std::move(doubts));
  return id;
}

const Doubts* TypeLookup::doubts_about(TypeId id) const {
  const auto found = doubts_.find(id);
  return found == doubts_.end() ? nullptr : &found->second;
}

TypeId TypeLookup::opaque(std::string name, std::uint64_t size) {
  Type type;
  type.kind = TypeKind::kStruct;
  type.name = std::move(name);
  type.size = size;
  type.align = std::clamp<std::uint64_t>(size, 1, kWord);
  const TypeId part = size >= kWord ? word() : basic(size == 1 ? "uint8" : "uint16").value_or(word());
  for (std::uint64_t offset = 0; offset < size; offset += types_[part].size) {
    type.fields.push_back({"_", part, offset, false});
  }
  const TypeId id = add(std::move(type));
  unknown_.insert(id);
  return id;
}

Result<TypeId> TypeLookup::struct_from_text(const TypeText& text, std::string_view package) {
  Type type;
  type.kind = TypeKind::kStruct;
  type.name = config::to_string(text);
  for (std::size_t i = 0; i < text.elements.size(); ++i) {
    ASSIGN_OR_RETURN(const TypeId field, from_text(text.elements[i], package));
    type.size = round_up(type.size, types_[field].align);
    type.fields.push_back({i < text.field_names.size() ? text.field_names[i] : "", field, type.size, false});
    type.size += types_[field].size;
    type.align = std::max(type.align, types_[field].align);
  }
  // The address of a last field without size lies within the struct (cmd/compile/internal/types,
  // CalcStructSize).
  if (type.size > 0 && types_[type.fields.back().type].size == 0) {
    ++type.size;
  }
  type.size = round_up(type.size, type.align);
  return add(std::move(type));
}

// Behind a pointer (or in a slice, map or channel) a type need not be known.
Result<TypeId> TypeLookup::element_from_text(const TypeText& text, std::string_view package) {
  Result<TypeId> element = from_text(text, package);
  if (!element && element.error().code == ErrorCode::kNotFound) {
    return unknown_type(config::to_string(text));
  }
  return element;
}

// A map whose key or value type is not known has a length all the same.
TypeId TypeLookup::map_from_text(const TypeText& text, std::string_view package) {
  const Result<TypeId> key = from_text(text.elements.at(0), package);
  const Result<TypeId> element = from_text(text.elements.at(1), package);
  if (key && element) {
    for (const TypeId id : types_.named(fmt::format("map[{}]{}", types_[*key].name, types_[*element].name))) {
      if (types_[id].kind == TypeKind::kMap && types_[id].key == *key && types_[id].element == *element) {
        return id;
      }
    }
  }
  return composite(TypeKind::kMap, config::to_string(text), kWord, TypeId::kNone);
}

Result<TypeId> TypeLookup::from_text(const TypeText& text, std::string_view package) {
  switch (text.kind) {
    case TypeText::Kind::kNamed:
      return named(text.name, package);
    case TypeText::Kind::kPointer: {
      ASSIGN_OR_RETURN(const TypeId element, element_from_text(text.elements.at(0), package));
      return pointer_to(element);
    }
    case TypeText::Kind::kSlice: {
      ASSIGN_OR_RETURN(const TypeId element, element_from_text(text.elements.at(0), package));
      return slice_of(element);
    }
    case TypeText::Kind::kArray: {
      ASSIGN_OR_RETURN(const TypeId element, from_text(text.elements.at(0), package));
      Type type;
      type.kind = TypeKind::kArray;
      type.name = fmt::format("[{}]{}", text.length, types_[element].name);
      for (const TypeId id : types_.named(type.name)) {
        if (types_[id].kind == TypeKind::kArray && types_[id].element == element) {
          return id;
        }
      }
      type.size = text.length * types_[element].size;
      type.align = types_[element].align;
      type.element = element;
      type.length = text.length;
      return add(std::move(type));
    }
    case TypeText::Kind::kMap:
      return map_from_text(text, package);
    case TypeText::Kind::kChan: {
      ASSIGN_OR_RETURN(const TypeId element, element_from_text(text.elements.at(0), package));
      return composite(TypeKind::kChan, config::to_string(text), kWord, element);
    }
    case TypeText::Kind::kFunc:
      return composite(TypeKind::kFunc, "func", kWord, TypeId::kNone);
    case TypeText::Kind::kInterface: {
      const std::string printed = text.field_names.empty() ? "interface {}" : config::to_string(text);
      const TypeId id = composite(TypeKind::kInterface, printed, 2 * kWord, TypeId::kNone);
      types_.at(id).empty_interface = text.field_names.empty();
      return id;
    }
    case TypeText::Kind::kStruct:
      return struct_from_text(text, package);
  }
  return fail(ErrorCode::kUnsupported, "{} is no type", config::to_string(text));
}

}  // namespace plan
