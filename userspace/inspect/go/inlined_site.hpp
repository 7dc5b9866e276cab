// Where a call that was inlined can be counted: an instruction of the caller that runs exactly once for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "inspect/code/code_instruction.hpp"
#include "inspect/go/go_function_table.hpp"
#include "inspect/go/go_inlining.hpp"

namespace inspect {

struct InlinedSite {
  std::optional<std::uint64_t> offset;  // from the caller's entry
  std::string instruction;
  std::string unusable;  // why there is no such instruction; empty: there is
};

// `code` is the whole caller in address order, `stack_deltas` its pcsp table.
//
// The compiler puts a mark where each inlined call begins (cmd/compile/internal/ssagen, OpInlMark). Where the
// mark is a NOP of its own, it is the site. Where the compiler let another instruction of the same source
// line stand for it, the site is an instruction of the body in the same basic block, if that block comes
// before the rest of the body on every path, is in no loop of the body, and holds something of the body that
// the compiler cannot move to another block: a store, a call or a branch.
[[nodiscard]] InlinedSite site_of_inlined(std::span<const CodeInstruction> code,
                                          std::span<const PcValue> stack_deltas, const InlinedCall& call);

}  // namespace inspect
