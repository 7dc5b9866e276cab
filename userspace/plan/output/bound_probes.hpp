// Probes of which one alone would count wrong.
#pragma once

#include <cstddef>
#include <set>

#include "plan/probe_plan.hpp"

namespace plan {

// The probes of `some`, with those that cannot be without them: a probe whose labels one of them reads within
// its calls, the other side of a +1/-1 pair, and what only serves probes that are in the result. Indexes into
// ProbePlan::probes.
[[nodiscard]] std::set<std::size_t> with_bound_probes(const ProbePlan& plan, std::set<std::size_t> some);

}  // namespace plan
