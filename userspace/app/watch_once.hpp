// `run --once`: attach, watch for a while, print what was counted, detach.
#pragma once

#include <chrono>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "units/owner.hpp"

namespace app {

// Prints a table to standard output after `time`, or earlier on SIGINT or SIGTERM. The exit status: 1 where
// nothing could be attached or read.
[[nodiscard]] int watch_once(units::Owner::Options options, std::chrono::seconds time,
                             const base::Clock& clock, base::Logger& log);

}  // namespace app
