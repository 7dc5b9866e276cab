// Measures what a hit costs on this machine: probes functions of this very program and calls them.
#pragma once

#include "attach/hit_costs.hpp"
#include "attach/kernel_support.hpp"
#include "base/error.hpp"

namespace attach {

// The programs of a typical probe (a label of 16 bytes read from memory, a counter and a histogram of
// durations) run at breakpoints that only this process has; all of it is gone afterwards. Takes some
// tenths of a second, most of it to load and to detach. Hits of a service cost more than these where its
// caches are cold, or the probe reads more. For a process with one thread: before 6.10 a breakpoint of one
// process is a breakpoint of one thread.
[[nodiscard]] base::Result<HitCosts> measure_hit_costs(const KernelSupport& kernel);

}  // namespace attach
