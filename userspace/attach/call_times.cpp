#include "attach/call_times.hpp"

namespace attach {
namespace {

// A hit that takes longer was interrupted.
constexpr double kMostNs = 1e6;

CallTimes beyond(const CallTimes& with, const CallTimes& without) {
  return {
      .push = with.push - without.push, .step = with.step - without.step, .pair = with.pair - without.pair};
}

}  // namespace

base::Result<HitCosts> costs_of(const CallTimes& without, const CallTimes& stranger,
                                const CallTimes& target) {
  const CallTimes by_stranger = beyond(stranger, without);
  const CallTimes by_target = beyond(target, without);
  // What a pair costs beyond its entry is its return.
  const HitCosts costs{.emulated_entry = {.target_ns = by_target.push, .stranger_ns = by_stranger.push},
                       .stepped_entry = {.target_ns = by_target.step, .stranger_ns = by_stranger.step},
                       .at_return = {.target_ns = by_target.pair - by_target.push,
                                     .stranger_ns = by_stranger.pair - by_stranger.push},
                       .is_measured = true};
  for (const HitCost& cost : {costs.emulated_entry, costs.stepped_entry, costs.at_return}) {
    for (const double ns : {cost.target_ns, cost.stranger_ns}) {
      if (!(ns > 0 && ns < kMostNs)) {
        return base::fail(base::ErrorCode::kKernel, "a hit of {:.0f} ns makes no sense", ns);
      }
    }
  }
  return costs;
}

}  // namespace attach
