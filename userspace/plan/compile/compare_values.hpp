// Go's comparisons, as far as a probe can make them. A comparison of something that cannot be read (a nil on
// the way, a failed assertion) is false, whatever its operator.
#pragma once

#include <string>

#include "base/error.hpp"
#include "plan/compile/operation_graph.hpp"
#include "plan/compile/typed_value.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

// `op`: == != < <= > >=. Values are read already; pointers, interfaces and the like are places.
[[nodiscard]] base::Result<Value> compare_values(OperationGraph& graph, const TypeLookup& lookup,
                                                 const std::string& op, const Value& left,
                                                 const Value& right);

// For messages: "a string", "the interface error", "nil".
[[nodiscard]] std::string kind_of(const TypeLookup& lookup, const Value& value);

}  // namespace plan
