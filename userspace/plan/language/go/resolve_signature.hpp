// What a function takes and gives, from the best source the binary has: DWARF, the receiver's method table,
// interfaces with that method, else the `signature:` of the config. Checked against what the compiler left
// for tracebacks.
#pragma once

#include <optional>

#include "base/error.hpp"
#include "config/expression.hpp"
#include "inspect/binary_facts.hpp"
#include "plan/language/abi_layout.hpp"
#include "plan/language/function_signature.hpp"
#include "plan/language/go/function_name.hpp"
#include "plan/language/type_lookup.hpp"

namespace plan {

// Errors: kNotFound for a type that the binary does not have, kUnsupported for a signature that does not fit
// the function.
[[nodiscard]] base::Result<FunctionSignature> resolve_signature(
    const inspect::BinaryFacts& facts, TypeLookup& lookup, const inspect::Function& function,
    const FunctionName& name, const inspect::FunctionDetails& details,
    const std::optional<config::Signature>& written);

// Registers and stack offsets of a signature. The receiver (and dictionary) come first among the parameters.
[[nodiscard]] AbiLayout layout_of(const inspect::BinaryFacts& facts, TypeLookup& lookup,
                                  const FunctionSignature& signature);

// "func(context.Context, *mq.Msg) error"
[[nodiscard]] std::string to_string(const FunctionSignature& signature, const inspect::TypeTable& types);

}  // namespace plan
