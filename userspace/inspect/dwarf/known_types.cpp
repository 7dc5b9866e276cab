#include "inspect/dwarf/known_types.hpp"

namespace inspect {
namespace {

// "chan", "<-chan" or "chan<-": all that tells channel types of one element apart.
std::string_view direction_of(const Type& type) {
  if (type.kind != TypeKind::kChan) {
    return "";
  }
  if (type.name.starts_with("<-")) {
    return "<-chan";
  }
  return type.name.starts_with("chan<-") ? "chan<-" : "chan";
}

}  // namespace

bool is_composite_name(std::string_view name) {
  return name.starts_with('*') || name.starts_with('[') || name.starts_with("map[") ||
         name.starts_with("chan ") || name.starts_with("chan<- ") || name.starts_with("<-chan ");
}

KnownTypes::KnownTypes(const TypeTable& table) {
  for (std::size_t index = 0; index < table.types().size(); ++index) {
    const Type& type = table.types()[index];
    const auto id = static_cast<TypeId>(index);
    if (is_composite_name(type.name)) {
      composites_.emplace(key_of(type), id);
    } else if (type.package.empty()) {
      named_.emplace(std::pair(std::string(), type.name), id);
    } else if (const std::size_t dot = type.name.find('.'); dot != std::string::npos) {
      named_.emplace(std::pair(type.package, type.name.substr(dot + 1)), id);
    }
  }
}

TypeId KnownTypes::named(const QualifiedName& name) const {
  const auto found = named_.find(std::pair(name.package, name.name));
  return found == named_.end() ? TypeId::kNone : found->second;
}

TypeId KnownTypes::composite(const Type& type) const {
  const auto found = type.element == TypeId::kNone ? composites_.end() : composites_.find(key_of(type));
  return found == composites_.end() ? TypeId::kNone : found->second;
}

KnownTypes::Key KnownTypes::key_of(const Type& type) {
  return {type.kind, type.element, type.key, type.length, direction_of(type)};
}

}  // namespace inspect
