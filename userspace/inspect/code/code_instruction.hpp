// One machine instruction, as far as the flow of control is concerned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace inspect {

struct CodeInstruction {
  enum class Flow {
    kNext,    // the next instruction follows
    kCall,    // so it does when the call returns
    kBranch,  // conditional: the next one or the target
    kJump,    // the target; without one it is in a register or a table
    kEnd,     // returns or traps
  };
  std::uint64_t offset = 0;  // from the function's entry
  std::uint64_t size = 0;
  Flow flow = Flow::kNext;
  std::optional<std::uint64_t> target;  // offset; outside of the function for tail jumps
  bool stores = false;                  // to memory other than the stack
  bool is_nop = false;
  std::string refusal;  // why the kernel takes no breakpoint there; empty: it does
  std::string text;

  bool operator==(const CodeInstruction&) const = default;
};

}  // namespace inspect
