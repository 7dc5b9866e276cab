// Since when services run.
#pragma once

#include <cstdint>
#include <span>

#include "discover/target.hpp"

namespace units {

// Boot time in ns at which the oldest process of the targets began, as exact as /proc is (10 ms); 0: there is
// none.
[[nodiscard]] std::uint64_t oldest_start_ns(std::span<const discover::Target> targets);

}  // namespace units
