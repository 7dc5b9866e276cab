// How much kernel memory the maps can take, before there are any. Bounds for kernels from 5.15 on, x86-64;
// what is in use is in /proc/PID/fdinfo (memlock).
#pragma once

#include <cstdint>

#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Bytes of the maps that an exporter has whatever it probes.
[[nodiscard]] base::Result<std::uint64_t> shared_map_memory();

// Bytes of the maps of one service's probes in one binary, when all limits are reached on all CPUs. Needs no
// sites in the plan.
[[nodiscard]] base::Result<std::uint64_t> binary_map_memory(const config::ProbeConfig& config,
                                                            const plan::ProbePlan& plan);

}  // namespace attach
