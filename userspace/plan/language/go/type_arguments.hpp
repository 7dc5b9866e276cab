// The type arguments in the name of an instantiated function. Its code serves all types of one shape: Go 1.21
// on writes "F[go.shape.int]", older versions "F[...]".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "inspect/type_table.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

inline constexpr std::string_view kShapePrefix = "go.shape.";
inline constexpr std::string_view kPointerShape = "*uint8";  // of all pointers

// "int" and "map[string]x.T" of "pkg.F[int,map[string]x.T].func1"; none where the name has no type arguments.
[[nodiscard]] std::vector<std::string> type_arguments(std::string_view name);

// A type that is laid out as every type of this argument's shape, with the shape's own kind. `package`: where
// names without a package belong. kNotFound: the argument does not say it ("...", unexported fields).
[[nodiscard]] base::Result<inspect::TypeId> type_of_shape(TypeLookup& lookup, std::string_view argument,
                                                          std::string_view package);

}  // namespace plan
