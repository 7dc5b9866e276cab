#include "plan/output/list_types.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/glob.hpp"
#include "base/plural.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ListedField, name, type, offset, is_embedded)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ListedType, name, package, kind, size, fields, methods, implemented_by)

namespace {

using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;

// "import/path.Name" of "path.Name".
std::string full_name(const Type& type) {
  return type.package + type.name.substr(std::min(type.name.find('.'), type.name.size()));
}

bool is_part_of(std::string_view word, std::string_view name) {
  const auto is_same = [](char left, char right) {
    return std::tolower(static_cast<unsigned char>(left)) == std::tolower(static_cast<unsigned char>(right));
  };
  return std::ranges::search(name, word, is_same).begin() != name.end();
}

bool is_meant(std::span<const std::string> patterns, const Type& type) {
  const std::string name = full_name(type);
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return base::is_glob(pattern) ? base::glob_matches(pattern, name)
                                  : is_part_of(pattern, name) || is_part_of(pattern, type.name);
  });
}

bool is_named(const Type& type) {
  return !type.package.empty() && !type.name.starts_with('*');
}

std::string basic_kind(const Type& type) {
  const auto with_bits = [&](const char* word) { return fmt::format("{}{}", word, type.size * 8); };
  switch (type.kind) {
    case TypeKind::kBool:
      return "bool";
    case TypeKind::kInt:
      return with_bits("int");
    case TypeKind::kUint:
      return with_bits("uint");
    case TypeKind::kFloat:
      return with_bits("float");
    case TypeKind::kComplex:
      return with_bits("complex");
    case TypeKind::kString:
      return "string";
    case TypeKind::kUnsafePointer:
      return "unsafe.Pointer";
    case TypeKind::kInterface:
      return "interface";
    case TypeKind::kStruct:
      return "struct";
    default:
      return "";
  }
}

std::string kind_of(const TypeLookup& types, const Type& type) {
  const auto name = [&](TypeId id) { return id == TypeId::kNone ? std::string("?") : types[id].name; };
  switch (type.kind) {
    case TypeKind::kPointer:
      return "*" + name(type.element);
    case TypeKind::kSlice:
      return "[]" + name(type.element);
    case TypeKind::kArray:
      return fmt::format("[{}]{}", type.length, name(type.element));
    case TypeKind::kMap:
      return fmt::format("map[{}]{}", name(type.key), name(type.element));
    case TypeKind::kChan:
      return "chan " + name(type.element);
    case TypeKind::kFunc:
      return "func";
    default:
      return basic_kind(type);
  }
}

std::vector<std::string> implementers(const TypeLookup& types, const Type& interface) {
  std::vector<std::string> names;
  if (interface.methods.empty()) {
    return names;
  }
  for (const Type& type : types.types().types()) {
    if (type.kind != TypeKind::kInterface && !type.methods.empty() && implements(type, interface)) {
      names.push_back(type.name);
    }
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

ListedType listed(const TypeLookup& types, const Type& type) {
  ListedType one;
  one.name = type.name;
  one.package = type.package;
  one.kind = kind_of(types, type);
  one.size = type.size;
  for (const inspect::Field& field : type.fields) {
    one.fields.push_back({.name = field.name,
                          .type = field.type == TypeId::kNone ? "?" : types[field.type].name,
                          .offset = field.offset,
                          .is_embedded = field.embedded});
  }
  if (type.kind == TypeKind::kInterface) {
    for (const inspect::Method& method : type.methods) {
      one.methods.push_back(method.name);
    }
    one.implemented_by = implementers(types, type);
  }
  return one;
}

std::string print_one(const ListedType& type) {
  std::string text =
      fmt::format("{}  {}, {} ({})\n", type.name, type.kind, base::plural(type.size, "byte"), type.package);
  std::size_t width = 0;
  for (const ListedField& field : type.fields) {
    width = std::max(width, field.name.size());
  }
  for (const ListedField& field : type.fields) {
    text += fmt::format("    {:<{}}  {}{}\n", field.name, width, field.type,
                        field.is_embedded ? " (embedded)" : "");
  }
  if (!type.methods.empty()) {
    text += fmt::format("    methods: {}\n", fmt::join(type.methods, ", "));
    text += fmt::format("    can hold: {}\n", type.implemented_by.empty()
                                                  ? "no type that the binary describes"
                                                  : fmt::format("{}", fmt::join(type.implemented_by, ", ")));
  }
  return text;
}

}  // namespace

std::vector<ListedType> list_types(const inspect::BinaryFacts& facts, std::span<const std::string> patterns) {
  const TypeLookup types(facts.types);
  std::vector<ListedType> all;
  for (const Type& type : facts.types.types()) {
    if (is_named(type) && is_meant(patterns, type)) {
      all.push_back(listed(types, type));
    }
  }
  std::ranges::sort(all, {}, [](const ListedType& type) { return std::pair(type.package, type.name); });
  const auto [first, last] = std::ranges::unique(all);
  all.erase(first, last);
  return all;
}

std::string print_types(std::span<const ListedType> types) {
  std::string text;
  for (const ListedType& type : types) {
    text += print_one(type);
  }
  return text;
}

std::string types_as_json(std::span<const ListedType> types) {
  nlohmann::json all = nlohmann::json::array();
  for (const ListedType& type : types) {
    all.push_back(type);
  }
  return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace plan
