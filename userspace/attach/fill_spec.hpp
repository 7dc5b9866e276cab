// PlannedProbe -> the constants of its programs. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "abi/maps.h"
#include "abi/probe_spec.h"
#include "attach/kernel_support.hpp"
#include "base/error.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Bytes of one frame in the maps of a binary: the widest values of its probes decide.
[[nodiscard]] std::uint16_t frame_stride_of(const plan::ProbePlan& plan);

struct SpecContext {
  KernelSupport kernel;
  std::uint64_t services = 0;              // bits that this probe counts
  std::uint16_t number = 0;                // of this probe in the exporter
  std::uint16_t replaces = NO_PROBE;       // number of the probe that it takes the place of
  std::span<const std::uint16_t> numbers;  // of all probes of the plan
  std::uint16_t gate = 0;
  std::uint32_t generation = 0;
  std::uint16_t frame_stride = 0;
  std::uint32_t series_limit = 0;
};

// Error: the probe needs more than abi/limits.h allows (the plan checks that too).
[[nodiscard]] base::Result<probe_spec> fill_spec(const plan::ProbePlan& plan, const plan::PlannedProbe& probe,
                                                 const SpecContext& context);

// For the programs that unwind: no phases, only where goroutines are.
[[nodiscard]] probe_spec fill_unwind_spec(const plan::ProbePlan& plan, const SpecContext& context);

}  // namespace attach
