// The page at / for people: what this is, what it watches, and which probes do not work and why.
#pragma once

#include <string>

#include "metrics/self_state.hpp"

namespace expose {

// HTML that needs nothing else: no scripts, no other files.
[[nodiscard]] std::string landing_page(const metrics::SelfState& state);

}  // namespace expose
