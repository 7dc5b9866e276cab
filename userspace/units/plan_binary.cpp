#include "units/plan_binary.hpp"

#include <vector>

#include "inspect/inspect_binary.hpp"
#include "plan/make_plan.hpp"
#include "plan/match/match_functions.hpp"

namespace units {

base::Result<plan::ProbePlan> plan_binary(const config::ProbeConfig& config, const std::string& path,
                                          const std::string& service) {
  ASSIGN_OR_RETURN(const inspect::BinaryFacts facts,
                   inspect::inspect_file(path, plan::wanted_functions(config)));
  plan::ProbePlan plan = plan::make_plan(config, facts, std::vector<std::string>{service});
  plan.binary = path;
  if (!facts.segments.empty()) {
    plan.first_address = facts.segments.front().address;
  }
  // A probe of several services is planned once for each; here it counts this one only.
  for (plan::PlannedProbe& probe : plan.probes) {
    probe.services = {service};
  }
  return plan;
}

}  // namespace units
