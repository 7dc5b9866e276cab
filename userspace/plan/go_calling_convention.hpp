// Where Go's ABIInternal puts receiver, parameters and results: cmd/compile/abi-internal.md, "Function call
// argument and result passing", Go >= 1.17 on amd64 and >= 1.18 on arm64.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "inspect/binary_facts.hpp"
#include "inspect/go_type.hpp"

namespace plan {

struct RegisterSet {
  std::uint8_t integers = 0;
  std::uint8_t floats = 0;
  std::span<const std::string_view> integer_names;
};

// The registers that carry arguments and results.
[[nodiscard]] const RegisterSet& registers_of(inspect::Architecture architecture);

// One indivisible part of a value; each takes a whole register.
struct AbiLeaf {
  std::uint64_t offset = 0;  // in the value
  std::uint64_t size = 0;
  bool is_float = false;
  std::uint8_t register_number = 0;  // integer or float register; meaningless for values on the stack

  bool operator==(const AbiLeaf&) const = default;
};

struct AbiValue {
  inspect::TypeId type = inspect::TypeId::kNone;
  bool in_registers = false;
  // From the first stack argument (SP + 8 at a probed site). Of a parameter in registers: its spill space,
  // which the callee may use and which says nothing at the probed site.
  std::uint64_t stack_offset = 0;
  std::vector<AbiLeaf> leaves;  // of values in registers

  bool operator==(const AbiValue&) const = default;
};

struct AbiLayout {
  std::vector<AbiValue> parameters;  // in order: receiver and dictionary too, where given
  std::vector<AbiValue> results;
  std::uint64_t arguments_size = 0;  // bytes of stack arguments, stack results and spill space
};

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
