// Numbers that stand in maps must mean the same for a plan and for the one that takes its place.
#pragma once

#include "plan/probe_plan.hpp"

namespace plan {

// Gives functions and sets of objects of `plan` the numbers that they have in `earlier`; what is new comes
// behind.
void keep_numbers(ProbePlan& plan, const ProbePlan& earlier);

}  // namespace plan
