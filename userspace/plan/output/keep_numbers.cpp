#include "plan/output/keep_numbers.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace plan {
namespace {

// Appends to `known` what it lacks of `names`, and leaves it in `names`. Returns the new number of each old
// one.
std::vector<std::size_t> merge(std::vector<std::string>& names, std::vector<std::string> known) {
  std::vector<std::size_t> numbers;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(known, name);
    numbers.push_back(static_cast<std::size_t>(found - known.begin()));
    if (found == known.end()) {
      known.push_back(name);
    }
  }
  names = std::move(known);
  return numbers;
}

}  // namespace

void keep_numbers(ProbePlan& plan, const ProbePlan& earlier) {
  const std::vector<std::size_t> functions = merge(plan.functions, earlier.functions);
  const std::vector<std::size_t> objects = merge(plan.objects, earlier.objects);
  const auto renumber = [&](Site& site) {
    site.function = static_cast<std::uint16_t>(functions[site.function]);
  };
  for (PlannedProbe& probe : plan.probes) {
    std::ranges::for_each(probe.entry_sites, renumber);
    std::ranges::for_each(probe.return_sites, renumber);
    for (PlannedRecord& record : probe.records) {
      if (uses_objects(record)) {
        record.object = static_cast<std::uint32_t>(objects[record.object]);
      }
    }
    for (IdentityTarget& target : probe.identity) {
      target.object = static_cast<std::uint32_t>(objects[target.object]);
    }
  }
  for (UnwindHook& hook : plan.unwind_hooks) {
    renumber(hook.site);
  }
}

}  // namespace plan
