#include "plan/probe_plan.hpp"

namespace plan {

std::string runtime_name(const ProbePlan& plan) {
  if (plan.runtime == inspect::Runtime::kNative) {
    return "native";
  }
  return plan.runtime_version.empty() ? "go" : plan.runtime_version;
}

}  // namespace plan
