// How a breakpoint's instruction runs, which decides what a hit costs.
#pragma once

#include "plan/probe_plan.hpp"

namespace plan {

// The kernel emulates it: a trap and no step (arch/x86/kernel/uprobes.c). What it does not, it runs out of
// line, with a second trap.
[[nodiscard]] bool is_emulated(const Site& site);

// The jump of a function's stack check, at its entry: a call begins where it is not taken. The same
// instruction within an inlined copy is any jump.
[[nodiscard]] bool is_stack_check(const Site& site);

}  // namespace plan
