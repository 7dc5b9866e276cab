// ProbePlan -> text for people: what `uprobe_exporter plan` prints. Stable; one fact a line, so that grep
// finds it.
#pragma once

#include <string>

#include "plan/probe_plan.hpp"

namespace plan {

// `emulates_returns`: programs may do what a plain RET does (attach::KernelSupport::register_writes).
[[nodiscard]] std::string print_plan(const ProbePlan& plan, bool emulates_returns);

// One operation as text: "r1 = load8 [r0 + 24]". For debugging and tests.
[[nodiscard]] std::string print_operation(const operation& code);

}  // namespace plan
