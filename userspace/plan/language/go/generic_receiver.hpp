// The receiver of a generic method. Its code serves all types of one shape (Go 1.21 on writes
// "T[go.shape.int]"), or of shapes that are not told ("T[...]", up to 1.20), while the metadata has the types
// themselves, perhaps not all.
#pragma once

#include <string_view>

#include "base/error.hpp"
#include "inspect/type_table.hpp"
#include "plan/language/go/function_name.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

// A type with the fields that every receiver of `function` has alike, also one that is not in the metadata;
// of others the lookup has doubts. `name` is that of `function`, taken apart. kNotFound: the metadata has no
// such types. kUnsupported: they do not tell how the receiver is laid out.
[[nodiscard]] base::Result<inspect::TypeId> generic_receiver(TypeLookup& lookup, const FunctionName& name,
                                                             std::string_view function);

}  // namespace plan
