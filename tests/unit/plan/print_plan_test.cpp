#include "plan/output/print_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/facts_builder.hpp"
#include "support/plan_runner.hpp"

namespace plan {
namespace {

TEST(PrintPlan, SaysWhatIsProbedReadAndRecorded) {
  support::FactsBuilder facts;
  const auto service =
      facts.structure("x.org/app", "app.Service", {{"id", facts.integer}, {"name", facts.string}});
  facts.method(facts.pointer(service), "Do", {facts.string}, {facts.error});
  facts.function("x.org/app.(*Service).Do", 24, 2);
  support::ProbeBuilder builder("x.org/app.(*Service).Do");
  builder.label("name", "recv.name")
      .cases("status", {{"error", "ret0 != nil"}}, "ok")
      .when("len(arg0) > 0")
      .record("calls", config::RecordKind::kCount)
      .record("time", config::RecordKind::kDuration);
  builder.config().probes.push_back(builder.config().probes[0]);
  builder.config().probes[1].name = "broken";
  builder.config().probes[1].functions = {"x.org/gone.F"};
  ProbePlan plan = support::plan_of(builder, facts);
  plan.binary = "/app/service";
  EXPECT_EQ(print_plan(plan, false), R"(binary /app/service (go1.25.4)

probe probe
  services    svc
  entry       1 site, emulated: cheap
    0x400204  push rbp     x.org/app.(*Service).Do
  return      2 sites, single-stepped: dear
    0x400220  ret          x.org/app.(*Service).Do
    0x400221  ret          x.org/app.(*Service).Do
  frame       kept from entry to return
  at entry    label name: recv.name
    reads     recv RAX -> app.Service .name +8 string
  at return   label status = error: ret0 != nil
    reads     ret0 RAX,RBX error
  at entry    when: len(arg0) > 0
    reads     len(arg0 RBX,RCX string)
  label       name string (values +0, 66 bytes)
  label       status case of error, else ok (values +66)
  record      calls: counter, at return
  record      time: histogram of the duration, at return, 3 bounds
  work        7 operations at entry, 7 operations at return, 67 bytes kept
  note        app.(*Service).Do: signature from the method table of *app.Service, checked against 24 bytes of arguments
  note        app.(*Service).Do: label name is read when the call begins; if the call sets what it reads, write at_return(recv.name)

hook runtime.recovery: calls that end without a return
  entry       1 site, emulated: cheap
    0x400004  push rbp     runtime.recovery
  resumes at  gp -> +32 -> +48

hook runtime.Goexit: calls that end without a return
  entry       1 site, emulated: cheap
    0x400104  push rbp     runtime.Goexit

skipped broken
  reason      no function x.org/gone.F in this binary

types       of the binary's own metadata, unless something else stands behind a name
goroutine   goid +152, stack.hi +8 in runtime.g
total       1 probe, 1 skipped; 1 entry, 2 return, 2 hook sites
)");
}

ProbePlan plan_with_returns(const std::vector<const char*>& entries,
                            const std::vector<const char*>& returns) {
  ProbePlan plan;
  plan.functions = {"main.f"};
  PlannedProbe& probe = plan.probes.emplace_back();
  for (const char* instruction : entries) {
    probe.entry_sites.push_back({.address = inspect::VirtualAddress{0x10}, .instruction = instruction});
  }
  for (const char* instruction : returns) {
    probe.return_sites.push_back({.address = inspect::VirtualAddress{0x20}, .instruction = instruction});
  }
  return plan;
}

TEST(PrintPlan, SaysWhatAReturnCostsWhereProgramsMayWriteRegisters) {
  EXPECT_THAT(print_plan(plan_with_returns({}, {"ret", "ret"}), true),
              testing::HasSubstr("  return      2 sites, done by the program: cheap\n"));
  EXPECT_THAT(print_plan(plan_with_returns({}, {"ret", "ret"}), false),
              testing::HasSubstr("  return      2 sites, single-stepped: dear\n"));
}

TEST(PrintPlan, SaysOfEachSiteWhatItCostsWhereTheyDiffer) {
  EXPECT_THAT(print_plan(plan_with_returns({"push rbp", "sub rsp, 0x18"}, {}), true),
              testing::HasSubstr("  entry       2 sites\n"
                                 "    0x10  push rbp     main.f, emulated: cheap\n"
                                 "    0x10  sub rsp, 0x18 main.f, single-stepped: dear\n"));
}

// A label read in another function, with every step that its text can take.
TEST(PrintPlan, SaysWhereALabelIsReadAndWhatIsDoneToItsText) {
  using enum config::Transform::Kind;
  support::FactsBuilder facts;
  const auto repo = facts.structure("x.org/repo", "repo.Repo", {{"n", facts.integer}});
  facts.method(facts.pointer(repo), "Get", {facts.integer}, {facts.string, facts.error});
  facts.function("x.org/repo.(*Repo).Get", 16);
  facts.function("x.org/app.Do", 0);
  support::ProbeBuilder builder("x.org/app.Do");
  config::ValueLabel label{.within = config::Within{{"x.org/repo.(*Repo).Get"}, {}},
                           .value = support::expression("ret0"),
                           .transforms = {},
                           .max_length = 64};
  for (const auto kind : {kAfterLast, kBeforeFirst, kTrimPrefix, kTrimSuffix, kLower, kUpper, kRegex,
                          kSqlVerb, kSqlTable, kMap}) {
    label.transforms.emplace_back().kind = kind;
  }
  label.transforms[0].argument = "/";
  label.transforms[1].argument = ":";
  label.transforms[2].argument = "it's ";
  label.transforms[3].argument = ":";
  label.transforms[6].argument = R"(^(\w+)-\d+$)";
  label.transforms[6].replacement = "$1";
  label.transforms[9].mapping = {{"1", "single"}, {"2", "group"}};
  label.transforms[9].otherwise = "unknown";
  builder.label("kind", label).record("calls", config::RecordKind::kCount);
  EXPECT_THAT(print_plan(support::plan_of(builder, facts), false), testing::HasSubstr(R"(
  label       kind string (values +1, 66 bytes), "unknown" where there is none
    within    x.org/repo.(*Repo).Get, at its return
    then      keep: after-last-slash
    then      keep: before-first-colon
    then      cut_prefix: 'it''s '
    then      cut_suffix: ':'
    then      case: lower
    then      case: upper
    then      regex: { match: '^(\w+)-\d+$', replace: '$1' }
    then      sql: verb
    then      sql: table
    then      map: { '1': 'single', '2': 'group' }, else: 'unknown'
  record      calls: counter, at return
)"));
}

}  // namespace
}  // namespace plan
