#include "plan/output/keep_numbers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/output/encode_plan.hpp"

namespace plan {
namespace {

using testing::ElementsAre;

Site site(std::uint16_t function) {
  return {.address = inspect::VirtualAddress{0x401000},
          .offset = inspect::FileOffset{0x1000},
          .function = function,
          .instruction = "push rbp"};
}

PlannedRecord poll(std::uint32_t object) {
  PlannedRecord record;
  record.metric = "lag";
  record.kind = config::RecordKind::kPoll;
  record.object = object;
  record.poll.operations = {operation{.code = OP_CONSTANT, .imm = 7}};
  return record;
}

// Two functions, two sets of objects.
ProbePlan earlier_plan() {
  ProbePlan plan;
  plan.functions = {"main.a", "main.b"};
  plan.objects = {"identity x/y", "poll lag of b, 0.0"};
  PlannedProbe probe;
  probe.name = "b";
  probe.services = {"x"};
  probe.entry_sites = {site(1)};
  probe.records = {poll(1)};
  probe.labels = {
      {.name = "kind", .kind = LabelField::Kind::kFunction, .optional = true, .cases = {"one\xff"}}};
  probe.enter.when = 3;
  plan.probes = {probe};
  return plan;
}

// The same probe, planned without the other one.
ProbePlan later_plan() {
  ProbePlan plan = earlier_plan();
  plan.functions = {"main.b", "main.c"};
  plan.objects = {"poll lag of b, 0.0", "pair open"};
  plan.probes[0].entry_sites = {site(0)};
  plan.probes[0].records = {poll(0)};
  return plan;
}

TEST(KeepNumbers, GivesWhatIsKnownItsNumbersAndWhatIsNewTheNext) {
  ProbePlan plan = later_plan();
  UnwindHook hook;
  hook.site = site(1);
  plan.unwind_hooks = {hook};
  plan.probes.push_back(plan.probes[0]);
  plan.probes[1].records[0].kind = config::RecordKind::kPairUp;
  plan.probes[1].records[0].object = 1;
  plan.probes[1].identity = {{.label = "y", .object = 0}};
  keep_numbers(plan, earlier_plan());
  EXPECT_THAT(plan.functions, ElementsAre("main.a", "main.b", "main.c"));
  EXPECT_THAT(plan.objects, ElementsAre("identity x/y", "poll lag of b, 0.0", "pair open"));
  EXPECT_EQ(plan.probes[0].entry_sites[0].function, 1);
  EXPECT_EQ(plan.probes[0].records[0].object, 1U);
  EXPECT_EQ(plan.probes[1].records[0].object, 2U);
  EXPECT_EQ(plan.probes[1].identity[0].object, 1U);
  EXPECT_EQ(plan.unwind_hooks[0].site.function, 2);
}

TEST(EncodePlan, GivesBackWhatTheNextExporterNeeds) {
  const ProbePlan plan = earlier_plan();
  const auto decoded = decode_plan(encode_plan(plan));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_TRUE(equal(*decoded, plan));
  EXPECT_EQ(decoded->probes[0].labels[0].cases[0], "one\xff");
  EXPECT_EQ(decoded->probes[0].enter.when, 3);
  EXPECT_EQ(decoded->probes[0].leave.when, std::nullopt);
  EXPECT_EQ(decoded->probes[0].records[0].poll.operations[0].imm, 7U);
}

TEST(EncodePlan, RefusesOtherBytes) {
  const std::string bytes = encode_plan(earlier_plan());
  for (std::size_t length = 0; length < bytes.size(); length += 7) {
    EXPECT_FALSE(decode_plan(bytes.substr(0, length))) << length;
  }
  EXPECT_FALSE(decode_plan("\xa0"));  // an empty map
}

TEST(SameValues, DoNotDependOnSites) {
  ProbePlan plan = later_plan();
  keep_numbers(plan, earlier_plan());
  EXPECT_TRUE(same_values(plan.probes[0], earlier_plan().probes[0]));
  plan.probes[0].labels[0].absent = "none";
  EXPECT_FALSE(same_values(plan.probes[0], earlier_plan().probes[0]));
}

}  // namespace
}  // namespace plan
