#include "units/plan_binary.hpp"

#include <vector>

#include "base/mapped_file.hpp"
#include "inspect/inspect_binary.hpp"
#include "plan/make_plan.hpp"
#include "plan/match/match_functions.hpp"

namespace units {

base::Result<plan::ProbePlan> plan_binary(const config::ProbeConfig& config, const std::string& path,
                                          const std::string& service) {
  ASSIGN_OR_RETURN(const base::MappedFile file, base::MappedFile::open(path));
  auto facts = inspect::inspect_binary(file.bytes(), plan::wanted_functions(config));
  if (auto whole = file.check_whole(); !whole) {
    return base::with_context(std::move(whole.error()), "inspecting {}", path);  // whatever came out
  }
  if (!facts) {
    return base::with_context(std::move(facts.error()), "inspecting {}", path);
  }
  plan::ProbePlan plan = plan::make_plan(config, *facts, std::vector<std::string>{service});
  plan.binary = path;
  if (!facts->segments.empty()) {
    plan.first_address = facts->segments.front().address;
  }
  // A probe of several services is planned once for each; here it counts this one only.
  for (plan::PlannedProbe& probe : plan.probes) {
    probe.services = {service};
  }
  return plan;
}

}  // namespace units
