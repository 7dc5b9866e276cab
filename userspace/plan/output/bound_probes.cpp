#include "plan/output/bound_probes.hpp"

#include <algorithm>
#include <cstdint>

namespace plan {
namespace {

std::set<std::uint32_t> pairs_of(const PlannedProbe& probe) {
  std::set<std::uint32_t> objects;
  for (const PlannedRecord& record : probe.records) {
    if (record.kind == config::RecordKind::kPairUp || record.kind == config::RecordKind::kPairDown) {
      objects.insert(record.object);
    }
  }
  return objects;
}

bool share_a_pair(const PlannedProbe& one, const PlannedProbe& other) {
  const std::set<std::uint32_t> objects = pairs_of(one);
  return std::ranges::any_of(pairs_of(other), [&](std::uint32_t object) { return objects.contains(object); });
}

// Whether probe `index` is to be where `some` are.
bool is_bound(const ProbePlan& plan, std::size_t index, const std::set<std::size_t>& some) {
  const PlannedProbe& probe = plan.probes[index];
  const auto is_among = [&](const Contribution& contribution) { return some.contains(contribution.target); };
  if (probe.config_probe == kHelperProbe && !probe.contributions.empty() &&
      std::ranges::all_of(probe.contributions, is_among)) {
    return true;
  }
  return std::ranges::any_of(some, [&](std::size_t other) {
    return std::ranges::find(plan.probes[other].contributions, index, &Contribution::target) !=
               plan.probes[other].contributions.end() ||
           share_a_pair(plan.probes[other], probe);
  });
}

}  // namespace

std::set<std::size_t> with_bound_probes(const ProbePlan& plan, std::set<std::size_t> some) {
  for (std::size_t before = some.size() + 1; before != some.size();) {
    before = some.size();
    for (std::size_t i = 0; i < plan.probes.size(); ++i) {
      if (!some.contains(i) && is_bound(plan, i, some)) {
        some.insert(i);
      }
    }
  }
  return some;
}

}  // namespace plan
