// Series of one probe whose process is gone: added to the total, or dropped.
#pragma once

#include <cstdint>

#include "attach/attached_binary.hpp"
#include "base/error.hpp"
#include "plan/probe_plan.hpp"

namespace collect {

// Into the series of FOLDED_PROCESS with the same labels; the slots can be used again.
[[nodiscard]] base::Result<> fold_series(const attach::AttachedProbe& probe,
                                         const plan::PlannedProbe& planned, std::uint32_t process);

[[nodiscard]] base::Result<> discard_series(const attach::AttachedProbe& probe,
                                            const plan::PlannedProbe& planned, std::uint32_t process);

// Ends the fold that an exporter which was killed had begun.
[[nodiscard]] base::Result<> resume_series(const attach::AttachedProbe& probe,
                                           const plan::PlannedProbe& planned);

}  // namespace collect
