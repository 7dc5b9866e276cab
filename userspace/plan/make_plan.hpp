// The stage's façade: what the user asked for and what is in one binary -> where to attach and what to read
// there.
#pragma once

#include <span>
#include <string>

#include "config/probe_config.hpp"
#include "inspect/binary_facts.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

// Plans the probes of `services` (those whose processes run this binary); a probe that cannot be made is in
// `skipped` with its reason, the others go on. ProbePlan::binary is left to the caller.
[[nodiscard]] ProbePlan make_plan(const config::ProbeConfig& config, const inspect::BinaryFacts& facts,
                                  std::span<const std::string> services);

}  // namespace plan
