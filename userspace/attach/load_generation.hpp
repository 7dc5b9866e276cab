// The programs and maps of one generation of a unit.
#pragma once

#include <cstdint>

#include "attach/attach_request.hpp"
#include "attach/attached_binary.hpp"
#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// A probe's series map must hold what the largest of its metrics may have, and the overflow series.
[[nodiscard]] std::uint32_t series_limit_of(const config::ProbeConfig& config,
                                            const plan::PlannedProbe& probe);

// Fills in `binary`, whose plan and limits are there: gate, generation, maps, probes and hooks. Nothing is
// attached. A probe that cannot be loaded carries its error.
[[nodiscard]] base::Result<> load_generation(const AttachRequest& request, UnitNumbers& numbers,
                                             AttachedBinary& binary);

}  // namespace attach
