// What a probe that also counts inlined calls cannot have: of such a call nothing is known but that it
// begins.
#pragma once

#include "config/probe_config.hpp"
#include "config/problems.hpp"

namespace config {

void validate_inlined(const ProbeConfig& config, Problems& problems);

}  // namespace config
