#include "plan/output/bound_probes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plan {
namespace {

using testing::ElementsAre;

PlannedProbe helper_for(std::vector<std::uint16_t> targets) {
  PlannedProbe probe;
  probe.config_probe = kHelperProbe;
  for (const std::uint16_t target : targets) {
    probe.contributions.push_back({.target = target});
  }
  return probe;
}

PlannedProbe probe_with(config::RecordKind kind, std::uint32_t object) {
  PlannedProbe probe;
  probe.records.resize(1);
  probe.records[0].kind = kind;
  probe.records[0].object = object;
  return probe;
}

TEST(WithBoundProbes, ProbesOfTheirOwnStay) {
  ProbePlan plan;
  plan.probes.resize(3);
  EXPECT_THAT(with_bound_probes(plan, {1}), ElementsAre(1));
  EXPECT_THAT(with_bound_probes(plan, {}), testing::IsEmpty());
}

TEST(WithBoundProbes, ALabelAndWhoReadsItGoTogether) {
  ProbePlan plan;
  plan.probes = {PlannedProbe{}, PlannedProbe{}, helper_for({0})};
  EXPECT_THAT(with_bound_probes(plan, {2}), ElementsAre(0, 2)) << "the label would be missing";
  EXPECT_THAT(with_bound_probes(plan, {0}), ElementsAre(0, 2)) << "nobody would want it";
}

TEST(WithBoundProbes, WhoReadsForTwoStaysForTheOther) {
  ProbePlan plan;
  plan.probes = {PlannedProbe{}, PlannedProbe{}, helper_for({0, 1})};
  EXPECT_THAT(with_bound_probes(plan, {0}), ElementsAre(0));
  EXPECT_THAT(with_bound_probes(plan, {0, 1}), ElementsAre(0, 1, 2));
  EXPECT_THAT(with_bound_probes(plan, {2}), ElementsAre(0, 1, 2));
}

TEST(WithBoundProbes, BothSidesOfAPairGoTogether) {
  ProbePlan plan;
  plan.probes = {probe_with(config::RecordKind::kPairUp, 4), probe_with(config::RecordKind::kPairDown, 4),
                 probe_with(config::RecordKind::kPairUp, 5), probe_with(config::RecordKind::kPoll, 4)};
  EXPECT_THAT(with_bound_probes(plan, {1}), ElementsAre(0, 1));
}

}  // namespace
}  // namespace plan
