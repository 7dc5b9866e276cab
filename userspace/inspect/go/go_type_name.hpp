// Go type names: DWARF writes whole import paths, the runtime's metadata package names.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace inspect {

// Import path -> package name, where they are known; the last element of the path elsewhere.
using PackageNames = std::unordered_map<std::string, std::string>;

struct QualifiedName {
  std::string package;  // import path; "" for a predeclared type
  std::string name;     // with type arguments: "Box[int]"
};

// "gopkg.in/yaml%2ev3.Node" -> {"gopkg.in/yaml.v3", "Node"}. For named types only.
[[nodiscard]] QualifiedName split_qualified_name(std::string_view linker_name);

// A named type as the metadata prints it: "yaml.Node". Type arguments keep their whole paths, there as here.
[[nodiscard]] std::string displayed(const QualifiedName& name, const PackageNames& packages);

}  // namespace inspect
