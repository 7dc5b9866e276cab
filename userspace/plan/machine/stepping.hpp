// How a breakpoint's instruction runs, which decides what a hit costs.
#pragma once

#include "plan/probe_plan.hpp"

namespace plan {

// The kernel emulates it: a trap and no step (arch/x86/kernel/uprobes.c). What it does not, it runs out of
// line, with a second trap.
[[nodiscard]] bool is_emulated(const Site& site);

}  // namespace plan
