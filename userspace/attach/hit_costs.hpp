// What a hit of a breakpoint costs the process that is hit, in ns of CPU time, by what the kernel does there.
#pragma once

namespace attach {

struct HitCost {
  double target_ns = 0;  // of a process that the probe counts: the trap, and a program that reads and records
  double stranger_ns = 0;  // of another one: the trap, and a program that looks and leaves

  bool operator==(const HitCost&) const = default;
};

// The defaults lie between what was measured on metal and in virtual machines, where a step costs ten times
// as much.
struct HitCosts {
  HitCost emulated_entry{.target_ns = 900, .stranger_ns = 600};
  HitCost stepped_entry{.target_ns = 3300, .stranger_ns = 3000};
  HitCost at_return{.target_ns = 3300, .stranger_ns = 3000};
  bool is_measured = false;

  bool operator==(const HitCosts&) const = default;
};

}  // namespace attach
