// What expressions can read in a binary: its types with their fields, and what an interface can hold.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "inspect/binary_facts.hpp"

namespace plan {

struct ListedField {
  std::string name;  // of an embedded struct: that of its type
  std::string type;
  std::uint64_t offset = 0;
  bool is_embedded = false;

  bool operator==(const ListedField&) const = default;
};

struct ListedType {
  std::string name;     // as in an expression: "server.client"
  std::string package;  // full import path
  std::string kind;     // "struct", "interface", or what it is made of: "int32", "map[string]int"
  std::uint64_t size = 0;
  std::vector<ListedField> fields;   // of a struct
  std::vector<std::string> methods;  // of an interface
  std::vector<std::string>
      implemented_by;  // of an interface with methods: types that the program puts into interfaces

  bool operator==(const ListedType&) const = default;
};

// The named types that one of the patterns means: a glob for "import/path.Name", or a part of it in any case.
// By name.
[[nodiscard]] std::vector<ListedType> list_types(const inspect::BinaryFacts& facts,
                                                 std::span<const std::string> patterns);

// Human-readable: a type, and below it a field or method a line.
[[nodiscard]] std::string print_types(std::span<const ListedType> types);

// An array of objects, one a type.
[[nodiscard]] std::string types_as_json(std::span<const ListedType> types);

}  // namespace plan
