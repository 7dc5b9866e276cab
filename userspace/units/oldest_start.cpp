#include "units/oldest_start.hpp"

#include <unistd.h>

#include <algorithm>
#include <limits>

namespace units {

std::uint64_t oldest_start_ns(std::span<const discover::Target> targets) {
  constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t oldest = kNone;
  for (const discover::Target& target : targets) {
    for (const discover::Target::Member& member : target.members) {
      oldest = std::min(oldest, member.process.start_time_ticks);
    }
  }
  const std::uint64_t tick_ns = 1'000'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return oldest == kNone ? 0 : oldest * tick_ns;
}

}  // namespace units
