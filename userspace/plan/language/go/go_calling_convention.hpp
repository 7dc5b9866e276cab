// Where Go's ABIInternal puts receiver, parameters and results: cmd/compile/abi-internal.md, "Function call
// argument and result passing", Go >= 1.17 on amd64 and >= 1.18 on arm64.
#pragma once

#include <span>
#include <vector>

#include "inspect/binary_facts.hpp"
#include "inspect/type_table.hpp"
#include "plan/language/abi_layout.hpp"
#include "plan/machine/registers.hpp"

namespace plan {

[[nodiscard]] AbiLayout assign_registers(const inspect::TypeTable& types,
                                         std::span<const inspect::TypeId> parameters,
                                         std::span<const inspect::TypeId> results,
                                         const RegisterSet& registers);

// The leading words of the arguments as the compiler lists them for tracebacks (FUNCDATA_ArgInfo): at most
// ten, and none of what follows an offset too large for its one byte or a value nested too deep.
struct ExpectedWords {
  std::vector<inspect::ArgumentWord> words;
  bool complete = true;  // false: the list ends early for one of the reasons above
};

[[nodiscard]] ExpectedWords argument_words_of(const inspect::TypeTable& types, const AbiLayout& layout);

}  // namespace plan
