// Types by the names that people write, and types made from a written signature where the binary has none.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "config/expression.hpp"
#include "inspect/type_table.hpp"

namespace plan {

// What is not known of a type that stands for several instantiations of a generic one.
struct Doubts {
  std::set<std::string> fields;  // whose place or type depends on type arguments that nothing tells
  std::string instantiations;    // those that there are, for people
};

class TypeLookup {
 public:
  // The binary's types; made ones are added to this copy.
  explicit TypeLookup(inspect::TypeTable types);

  [[nodiscard]] const inspect::TypeTable& types() const { return types_; }

  // Of TypeId::kNone, which the metadata of a damaged file can lead to: a type without size and fields.
  [[nodiscard]] const inspect::Type& operator[](inspect::TypeId id) const;

  // Whether the binary has a type of this package.
  [[nodiscard]] bool has_package(std::string_view path) const;

  // The type `name` of the package with import path `package`, where the binary has exactly one such.
  [[nodiscard]] std::optional<inspect::TypeId> of_package(std::string_view package,
                                                          std::string_view name) const;

  // A written type as the binary has it, or made: basic types, pointers, slices, maps, ... and pointers to
  // types that the binary does not know. `package`: where a name without a package belongs, as in Go source.
  // kNotFound: an unknown named type, whose size cannot be known. kUnsupported: several packages fit.
  base::Result<inspect::TypeId> from_text(const config::TypeText& text, std::string_view package);

  // The pointer type to `element`, made where the binary has none.
  inspect::TypeId pointer_to(inspect::TypeId element);
  // A named type of which only the name is known: behind a pointer, never read.
  inspect::TypeId unknown_type(std::string name);
  inspect::TypeId slice_of(inspect::TypeId element);

  [[nodiscard]] inspect::TypeId word() const { return word_; }  // uintptr

  [[nodiscard]] inspect::TypeId byte() const { return byte_; }

  [[nodiscard]] inspect::TypeId untyped_pointer() const { return untyped_pointer_; }

  // Stands for a type that the binary does not describe, of `size` bytes: nothing, one integer of one or two
  // bytes, or words.
  inspect::TypeId opaque(std::string name, std::uint64_t size);

  // Whether a type came from its name alone.
  [[nodiscard]] bool is_unknown(inspect::TypeId id) const { return unknown_.contains(id); }

  // A struct like `type`, in doubt of some fields. The one made before where there is one of this name.
  inspect::TypeId with_doubts(inspect::TypeId type, std::string name, Doubts doubts);

  // Null where all is sure.
  [[nodiscard]] const Doubts* doubts_about(inspect::TypeId id) const;

  // "; did you mean ..." for a type name that the binary does not have.
  [[nodiscard]] std::string suggestion(std::string_view name) const;

 private:
  base::Result<inspect::TypeId> named(const std::string& name, std::string_view package);
  [[nodiscard]] std::vector<inspect::TypeId> instantiations(std::string_view name) const;
  [[nodiscard]] base::Result<inspect::TypeId> only_candidate(std::string_view name,
                                                             std::vector<inspect::TypeId> found) const;
  base::Result<inspect::TypeId> struct_from_text(const config::TypeText& text, std::string_view package);
  base::Result<inspect::TypeId> element_from_text(const config::TypeText& text, std::string_view package);
  inspect::TypeId map_from_text(const config::TypeText& text, std::string_view package);
  std::optional<inspect::TypeId> basic(std::string_view name);
  inspect::TypeId composite(inspect::TypeKind kind, std::string name, std::uint64_t size,
                            inspect::TypeId element);
  void index(inspect::TypeId id);
  inspect::TypeId add(inspect::Type type);

  inspect::TypeTable types_;
  std::unordered_multimap<std::string, inspect::TypeId> by_path_;  // "import/path.Name"
  std::unordered_map<inspect::TypeId, inspect::TypeId> pointers_;  // element -> pointer
  std::unordered_set<std::string> packages_;
  std::unordered_set<inspect::TypeId> unknown_;
  std::unordered_map<inspect::TypeId, Doubts> doubts_;
  inspect::TypeId word_ = inspect::TypeId::kNone;
  inspect::TypeId byte_ = inspect::TypeId::kNone;
  inspect::TypeId untyped_pointer_ = inspect::TypeId::kNone;
};

// Whether two types are one: the same descriptor, or the same name of the same package (metadata and DWARF).
[[nodiscard]] bool is_same_type(const inspect::TypeTable& types, inspect::TypeId left, inspect::TypeId right);

// Whether a type can be in an interface of this type: it has all its methods, by name.
[[nodiscard]] bool implements(const inspect::Type& concrete, const inspect::Type& interface);

}  // namespace plan
