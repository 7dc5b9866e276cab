// From times of calls to costs of hits. Pure.
#pragma once

#include "attach/hit_costs.hpp"
#include "base/error.hpp"

namespace attach {

// ns of one call of each function of attach/calibration_calls.hpp.
struct CallTimes {
  double push = 0;
  double step = 0;
  double pair = 0;  // a push, and a return that is probed too
};

// `without` breakpoints, with breakpoints in a process that the probe does not count, and in one that it
// counts. kKernel: a cost that cannot be, as the machine did something else meanwhile.
[[nodiscard]] base::Result<HitCosts> costs_of(const CallTimes& without, const CallTimes& stranger,
                                              const CallTimes& target);

}  // namespace attach
