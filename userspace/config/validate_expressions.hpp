// Rules for what an expression may mention where it stands: results are known only when a call returns, and a
// gauge of running calls must know its labels before.
#pragma once

#include "config/probe_config.hpp"
#include "config/problems.hpp"

namespace config {

void validate_expressions(const ProbeConfig& config, Problems& problems);

}  // namespace config
