#include "plan/probe_plan.hpp"

#include <algorithm>

namespace plan {

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 3;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    list += (i == 0 ? "" : ", ") + names[i];
  }
  return list + (names.size() > kMost ? ", ..." : "");
}

std::string runtime_name(const ProbePlan& plan) {
  if (plan.runtime == inspect::Runtime::kNative) {
    return "native";
  }
  return plan.runtime_version.empty() ? "go" : plan.runtime_version;
}

}  // namespace plan
