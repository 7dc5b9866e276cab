// Calls as the kernel has recorded them against calls as the stacks show them. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "collect/goroutine_walk.hpp"
#include "collect/read_maps.hpp"

namespace collect {

// One function of a probe that keeps frames.
struct FollowedFunction {
  std::uint16_t probe = 0;  // exporter-wide number
  std::uint16_t function = 0;
  std::uint64_t entry = 0;
  bool outermost =
      false;  // of nested calls on a goroutine only the first counts: one that runs keeps others out
  bool is_gauge = false;  // its calls in flight are a metric: those that no record has are missing from it
};

struct CallComparison {
  std::vector<RawFrame> missing;       // on a stack, in no record; by goroutine, the outermost first
  std::vector<RawFrame> gone;          // recorded, not on the stack
  std::vector<std::uint64_t> unclear;  // goroutines whose stacks could not be read whole
};

// The same frames of one process, read before and after the walk, and the walk of the goroutines they belong
// to. What is only in one of the readings came or went meanwhile and is neither missing nor gone.
[[nodiscard]] CallComparison compare_calls(std::span<const FollowedFunction> functions,
                                           const GoroutineWalk& walk, std::span<const RawFrame> before,
                                           std::span<const RawFrame> after);

}  // namespace collect
