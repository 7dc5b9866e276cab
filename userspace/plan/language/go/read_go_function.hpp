// A function that Go's compiler made: the values that an expression can name.
#pragma once

#include <optional>

#include "base/error.hpp"
#include "config/expression.hpp"
#include "inspect/binary_facts.hpp"
#include "plan/language/function_scope.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

// As read_function().
[[nodiscard]] base::Result<FunctionScope> read_go_function(const inspect::BinaryFacts& facts,
                                                           TypeLookup& lookup,
                                                           const inspect::Function& function,
                                                           const inspect::FunctionDetails& details,
                                                           const std::optional<config::Signature>& written);

}  // namespace plan
