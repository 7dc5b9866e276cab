// One polled gauge: an expression evaluated over a live object of another process.
#pragma once

#include <cstdint>
#include <optional>

#include "collect/process_memory.hpp"
#include "collect/read_maps.hpp"
#include "plan/probe_plan.hpp"

namespace collect {

// What the value of an object depends on besides its memory.
struct PollContext {
  std::uint64_t load_bias = 0;  // of the binary in this process
  std::uint64_t in_flight = 0;  // what in_flight() gives
};

// The value of `poll` for `object`, whose captured values lead to it. None where the object can't be read:
// its process is gone, or a pointer on the way is nil.
[[nodiscard]] std::optional<std::int64_t> poll_object(const plan::Phase& poll, const ProcessMemory& memory,
                                                      const RawObject& object, const PollContext& context);

}  // namespace collect
