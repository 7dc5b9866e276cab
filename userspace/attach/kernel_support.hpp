// What the running kernel and our privileges allow, found by trying.
#pragma once

#include "base/error.hpp"

namespace attach {

struct KernelSupport {
  bool uprobe_multi = false;  // 6.6: one link for many sites, no CAP_SYS_ADMIN; else a perf event per site
  bool sleepable = false;     // 6.0: a probe faults missing pages in
  bool loop_helper = false;   // 5.17: bpf_loop
};

// Error: what is missing to attach anything at all, and what it is for (BTF, a capability).
[[nodiscard]] base::Result<KernelSupport> probe_kernel();

}  // namespace attach
