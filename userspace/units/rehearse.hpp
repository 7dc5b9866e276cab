// What attaching would find out, before anything is attached and anybody is asked to hand over.
#pragma once

#include "base/error.hpp"
#include "config/probe_config.hpp"

namespace units {

// Error: a probe of a service that runs now cannot be planned, with the reason.
[[nodiscard]] base::Result<> rehearse(const config::ProbeConfig& config);

}  // namespace units
