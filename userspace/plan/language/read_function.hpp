// The seam between the languages that programs are written in and the rest of the plan: what a function takes
// and returns, under which names, and where the values lie. C, C++ and Rust join here.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.hpp"
#include "config/expression.hpp"
#include "inspect/binary_facts.hpp"
#include "plan/language/function_scope.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

// `function` is one of facts.functions. kUnsupported: a language or kind of function whose values cannot be
// found; errors of signatures are those of resolve_signature().
[[nodiscard]] base::Result<FunctionScope> read_function(const inspect::BinaryFacts& facts, TypeLookup& lookup,
                                                        const inspect::Function& function,
                                                        const inspect::FunctionDetails& details,
                                                        const std::optional<config::Signature>& written);

}  // namespace plan
