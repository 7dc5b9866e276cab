// Calls that ended by a panic, as the series they would have counted in: the return phase is run here, with
// `panicked` true and no results.
#pragma once

#include "collect/read_maps.hpp"
#include "plan/probe_plan.hpp"

namespace collect {

[[nodiscard]] RawSeries unwound_series(const plan::PlannedProbe& probe, const RawUnwound& calls);

}  // namespace collect
