// Where the receiver, parameters and results of one function lie, whatever convention says so.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inspect/type_table.hpp"

namespace plan {

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
  bool is_claimed = false;      // nothing but a written signature says its type
  std::string unplaced;         // why it is not known where it lies, and what to do; "": it is

  bool operator==(const AbiValue&) const = default;
};

struct AbiLayout {
  std::vector<AbiValue> parameters;  // in order: receiver and dictionary too, where given
  std::vector<AbiValue> results;
  std::uint64_t arguments_size = 0;  // bytes of stack arguments, stack results and spill space
};

}  // namespace plan
