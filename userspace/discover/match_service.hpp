// Is this process one of that service's?
#pragma once

#include "config/probe_config.hpp"
#include "discover/target.hpp"

namespace discover {

// All that the match names must hold; a match that names nothing holds for nobody. `process` carries its
// environment where the match asks for it.
[[nodiscard]] bool matches(const config::ProcessMatch& match, const Process& process);

}  // namespace discover
