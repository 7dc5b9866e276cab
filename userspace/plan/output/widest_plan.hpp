// What the config alone says of the plans of a service's binaries.
#pragma once

#include <string>

#include "config/probe_config.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

// A plan without programs and sites. For each probe, and each function that others read values in, it has one
// PlannedProbe, which has no fewer bytes of labels and values, and no fewer slots, than any that make_plan()
// makes of it. A probe of several functions that do not read alike becomes more than one.
[[nodiscard]] ProbePlan widest_plan(const config::ProbeConfig& config, const std::string& service);

}  // namespace plan
