// What the running kernel and our privileges allow, found by trying.
#pragma once

#include <array>

#include "base/error.hpp"

namespace attach {

struct KernelSupport {
  bool uprobe_multi = false;  // 6.6: one link for many sites, no CAP_SYS_ADMIN; else a perf event per site
  bool sleepable = false;     // 6.0: a probe faults missing pages in
  bool loop_helper = false;   // 5.17: bpf_loop
  // 6.19: a program may write registers, and where it writes another rip the probed instruction is not run.
  bool register_writes = false;
};

// One of them, in words.
struct KernelFeature {
  const char* name;
  bool is_there = false;
  const char* instead;  // what is done without it, and what that costs
};

[[nodiscard]] std::array<KernelFeature, 4> features_of(const KernelSupport& kernel);

// Error: what is missing to attach anything at all, and what it is for (BTF, a capability).
[[nodiscard]] base::Result<KernelSupport> probe_kernel();

// KernelSupport::register_writes alone. Without the privilege to try, the kernel's version tells.
[[nodiscard]] bool can_write_registers();

}  // namespace attach
