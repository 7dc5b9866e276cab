// What a function takes and gives, from the best source the binary has: DWARF, the receiver's method table,
// interfaces with that method, else the `signature:` of the config. Checked against what the compiler left
// for tracebacks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/expression.hpp"
#include "inspect/binary_facts.hpp"
#include "plan/function_name.hpp"
#include "plan/go_calling_convention.hpp"
#include "plan/type_lookup.hpp"

namespace plan {

struct SignatureParameter {
  std::string name;  // "" where no source gives one
  inspect::TypeId type = inspect::TypeId::kNone;
};

struct FunctionSignature {
  std::optional<SignatureParameter> receiver;
  bool has_dictionary = false;
  bool dictionary_first = false;  // before the receiver (Go 1.18, 1.19)
  std::vector<SignatureParameter> parameters;
  std::vector<SignatureParameter> results;
  std::vector<inspect::CapturedVariable> captured;  // of a closure, where DWARF says
  // False: only the receiver is known. `unknown_because` says what to do about it.
  bool complete = false;
  std::string unknown_because;
  std::string source;  // for the user: where the types come from
};

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
