// One polled gauge: an expression evaluated over a live object of another process.
#pragma once

#include <cstdint>
#include <optional>

#include "collect/process_table.hpp"
#include "collect/read_maps.hpp"
#include "plan/probe_plan.hpp"

namespace collect {

// The value of `poll` for `object`, whose captured values lead to it; `in_flight` is what in_flight() gives. None
// where the object can't be read: its process is gone, or a pointer on the way is nil.
[[nodiscard]] std::optional<std::int64_t> poll_object(const plan::ProbePlan& plan, const plan::Phase& poll,
                                                      const KnownProcess& process, const RawObject& object,
                                                      std::uint64_t in_flight);

}  // namespace collect
