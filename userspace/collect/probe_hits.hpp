// How often the breakpoints of one probe were reached.
#pragma once

#include <cstdint>

#include "attach/shared_maps.hpp"

namespace collect {

struct ProbeHits {
  std::uint64_t entries = 0;
  std::uint64_t returns = 0;
  // Of them, by processes that the probe does not count.
  std::uint64_t stranger_entries = 0;
  std::uint64_t stranger_returns = 0;

  bool operator==(const ProbeHits&) const = default;
};

// Of the probe with this exporter-wide number; what cannot be read is 0.
[[nodiscard]] ProbeHits read_probe_hits(const attach::SharedMaps& maps, std::uint16_t probe);

}  // namespace collect
