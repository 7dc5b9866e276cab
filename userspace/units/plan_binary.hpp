// File -> plan: the two stages that need no privileges, one after the other.
#pragma once

#include <string>

#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "plan/probe_plan.hpp"

namespace units {

// The plan of one service's probes in the executable at `path`.
[[nodiscard]] base::Result<plan::ProbePlan> plan_binary(const config::ProbeConfig& config,
                                                        const std::string& path, const std::string& service);

}  // namespace units
