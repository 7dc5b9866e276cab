// Finds the runtime's own entry for a type that debug information describes: only that one has a descriptor
// address.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "inspect/go/go_type_name.hpp"
#include "inspect/type_table.hpp"

namespace inspect {

// Whether the name is that of a pointer, slice, array, map or channel without a name of its own.
[[nodiscard]] bool is_composite_name(std::string_view name);

class KnownTypes {
 public:
  // Of the table as it is now; types added later are not known.
  explicit KnownTypes(const TypeTable& table);

  // kNone where the metadata has no such type.
  [[nodiscard]] TypeId named(const QualifiedName& name) const;
  // The type with the same kind, element, key and length.
  [[nodiscard]] TypeId composite(const Type& type) const;

 private:
  using Key = std::tuple<TypeKind, TypeId, TypeId, std::uint64_t, std::string_view>;

  static Key key_of(const Type& type);

  std::map<std::pair<std::string, std::string>, TypeId> named_;
  std::map<Key, TypeId> composites_;
};

}  // namespace inspect
