#include "plan/make_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/output/print_plan.hpp"
#include "support/facts_builder.hpp"
#include "support/plan_runner.hpp"

namespace plan {
namespace {

using config::RecordKind;
using support::FactsBuilder;
using support::FakeMemory;
using support::PlannedCall;
using support::ProbeBuilder;
using support::TypeId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kFunction = "x.org/app.(*Service).Do";
constexpr const char* kSignature = "func(req *app.Request) (*app.Response, error)";

class Plans : public testing::Test {
 protected:
  Plans() {
    service = facts.structure(
        "x.org/app", "app.Service",
        {{"name", facts.string}, {"queue", facts.chan(facts.integer)}, {"id", facts.integer}});
    request = facts.structure("x.org/app", "app.Request", {{"Path", facts.string}, {"Size", facts.uint64}});
    response = facts.structure("x.org/app", "app.Response", {{"Error", facts.string}, {"Type", facts.int64}});
    function = facts.function(kFunction, 16, 2);
  }

  PlannedProbe only(ProbeBuilder& builder) {
    plan = support::plan_of(builder, facts);
    EXPECT_THAT(plan.probes, SizeIs(1)) << support::reason_of(plan);
    return plan.probes.empty() ? PlannedProbe{} : plan.probes.front();
  }

  std::string reason(ProbeBuilder& builder) { return support::reason_of(support::plan_of(builder, facts)); }

  static std::vector<std::uint64_t> addresses(const std::vector<Site>& sites) {
    std::vector<std::uint64_t> all;
    for (const Site& site : sites) {
      all.push_back(value_of(site.address));
    }
    return all;
  }

  ProbeBuilder probe() {
    ProbeBuilder builder(kFunction);
    builder.signature(kSignature);
    return builder;
  }

  FactsBuilder facts;
  TypeId service, request, response;
  std::uint32_t function = 0;
  ProbePlan plan;
};

// A program that compares its code with a checksum would end at its start.
TEST_F(Plans, RefuseCodeThatTheProgramChecksItself) {
  const std::uint64_t entry = value_of(facts.facts().functions[function].entry);
  facts.facts().self_checked_code = {
      {static_cast<inspect::VirtualAddress>(entry), static_cast<inspect::VirtualAddress>(entry + 64)}};
  ProbeBuilder builder = probe();
  EXPECT_THAT(reason(builder), HasSubstr("it is part of Go's FIPS 140 module"));
}

// Of a pattern, the functions outside are probed.
TEST_F(Plans, ProbeWhatAPatternMatchesOutsideOfCheckedCode) {
  const std::uint32_t other = facts.function("x.org/app.(*Service).Done", 16, 2);
  const std::uint64_t entry = value_of(facts.facts().functions[function].entry);
  facts.facts().self_checked_code = {
      {static_cast<inspect::VirtualAddress>(entry), static_cast<inspect::VirtualAddress>(entry + 64)}};
  ProbeBuilder builder("x.org/app.(*Service).Do*");
  const PlannedProbe planned = only(builder);
  EXPECT_THAT(addresses(planned.entry_sites),
              ElementsAre(value_of(facts.facts().functions[other].entry) + 4));
  EXPECT_THAT(planned.notes,
              testing::Contains(HasSubstr("not probed: app.(*Service).Do: it is part of Go's FIPS")));
  ASSERT_THAT(plan.skipped, SizeIs(1));
  EXPECT_TRUE(plan.skipped[0].in_part);
  EXPECT_EQ(plan.skipped[0].name, planned.name);
  EXPECT_THAT(plan.skipped[0].reason, HasSubstr("app.(*Service).Do: it is part of Go's FIPS"));
}

TEST_F(Plans, ProbeOnlyTheEntryForACounterOfArguments) {
  ProbeBuilder builder = probe();
  builder.label("path", "req.Path").when("req.Size > 0");
  const PlannedProbe planned = only(builder);
  const std::uint64_t entry = value_of(facts.facts().functions[function].entry);
  EXPECT_THAT(addresses(planned.entry_sites), ElementsAre(entry + 4));
  EXPECT_EQ(value_of(planned.entry_sites[0].offset), entry + 4 - 0x400000);
  EXPECT_EQ(planned.entry_sites[0].instruction, "push rbp");
  EXPECT_EQ(plan.functions[planned.entry_sites[0].function], kFunction);
  EXPECT_THAT(planned.return_sites, IsEmpty());
  EXPECT_FALSE(planned.framed);
  EXPECT_TRUE(planned.enter.when.has_value());
  EXPECT_FALSE(planned.records[0].at_return);
  EXPECT_EQ(planned.labels_size, 66);
  EXPECT_EQ(planned.values_size, 66);
  EXPECT_EQ(planned.slots, 1);
  EXPECT_THAT(plan.unwind_hooks, IsEmpty());
}

TEST_F(Plans, ProbeOnlyTheReturnsForACounterOfResults) {
  ProbeBuilder builder = probe();
  builder.cases("status", {{"error", "ret1 != nil"}}, "ok");
  const PlannedProbe planned = only(builder);
  const std::uint64_t entry = value_of(facts.facts().functions[function].entry);
  EXPECT_THAT(planned.entry_sites, IsEmpty());
  EXPECT_THAT(addresses(planned.return_sites), ElementsAre(entry + 0x20, entry + 0x21));
  EXPECT_FALSE(planned.framed);
  EXPECT_TRUE(planned.records[0].at_return);
}

TEST_F(Plans, KeepAFrameForADuration) {
  ProbeBuilder builder = probe();
  builder.label("path", "req.Path")
      .cases("status", {{"error", "ret1 != nil"}}, "ok")
      .record("calls", RecordKind::kCount)
      .record("time", RecordKind::kDuration);
  const PlannedProbe planned = only(builder);
  EXPECT_TRUE(planned.framed);
  EXPECT_THAT(planned.entry_sites, SizeIs(1));
  EXPECT_THAT(planned.return_sites, SizeIs(2));
  EXPECT_EQ(planned.labels_size, 67);
  EXPECT_EQ(planned.slots, 1 + 5);
  EXPECT_TRUE(planned.records[0].at_return);
  EXPECT_EQ(planned.records[1].slot, 1);
  EXPECT_THAT(planned.records[1].bounds, ElementsAre(100000, 2500000, 10000000));
  EXPECT_DOUBLE_EQ(planned.records[1].scale, 1e-6);
  EXPECT_EQ(plan.goroutine.goid, 152);
  EXPECT_EQ(plan.goroutine.stack_hi, 8);
  ASSERT_THAT(plan.unwind_hooks, SizeIs(2));
  EXPECT_EQ(plan.unwind_hooks[0].kind, UnwindHook::Kind::kRecovery);
  EXPECT_TRUE(plan.unwind_hooks[0].through_panic);
  EXPECT_EQ(plan.unwind_hooks[0].panic_offset, 32);
  EXPECT_EQ(plan.unwind_hooks[0].sp_offset, 48);
  EXPECT_EQ(plan.unwind_hooks[1].kind, UnwindHook::Kind::kGoexit);
}

// The label is known at entry, but a call counted there would also count when it never returns.
TEST_F(Plans, CountAtEntryBesideADurationWhereTheLabelsAllow) {
  ProbeBuilder builder = probe();
  builder.label("path", "req.Path").record("calls", RecordKind::kCount).record("time", RecordKind::kDuration);
  const PlannedProbe planned = only(builder);
  EXPECT_FALSE(planned.records[0].at_return);
  EXPECT_TRUE(planned.records[1].at_return);
}

TEST_F(Plans, DecideAtEntryWhatOnlyNeedsArguments) {
  ProbeBuilder builder = probe();
  builder.when("req.Size > 10 && ret1 == nil && req.Path != \"\"");
  const PlannedProbe planned = only(builder);
  EXPECT_TRUE(planned.enter.when.has_value());
  EXPECT_TRUE(planned.leave.when.has_value());
  EXPECT_TRUE(planned.framed);
}

TEST_F(Plans, FollowCallsThatSeePanicsOrOnlyCountTheOutermost) {
  ProbeBuilder panics = probe();
  panics.cases("status", {{"panic", "panicked"}}, "ok");
  EXPECT_TRUE(only(panics).framed);
  ProbeBuilder outermost = probe();
  outermost.probe().outermost = true;
  const PlannedProbe planned = only(outermost);
  EXPECT_TRUE(planned.framed);
  EXPECT_TRUE(planned.outermost);
  EXPECT_THAT(planned.return_sites, SizeIs(2));
}

TEST_F(Plans, LeaveOutLabelsThatNoMetricHas) {
  ProbeBuilder builder = probe();
  builder.record("calls", RecordKind::kCount).label("path", "req.Path");
  builder.config().metrics[0].labels.clear();
  EXPECT_THAT(only(builder).labels, IsEmpty());
}

TEST_F(Plans, ObserveAndAddAndSetValues) {
  ProbeBuilder builder = probe();
  builder.record("size", RecordKind::kObserve, "req.Size")
      .record("bytes", RecordKind::kCount, "req.Size", "req.Path != \"\"")
      .record("last", RecordKind::kSet, "recv.id");
  const PlannedProbe planned = only(builder);
  EXPECT_THAT(planned.records[0].bounds, ElementsAre(0, 2, 10));
  EXPECT_DOUBLE_EQ(planned.records[0].scale, 1);
  EXPECT_EQ(planned.slots, 5 + 1 + 2);
  FakeMemory memory;
  const std::uint64_t at = memory.allocate(24);
  memory.put_string(at, "/a");
  memory.put<std::uint64_t>(at + 16, 512);
  const std::uint64_t self = memory.allocate(32);
  memory.put<std::int64_t>(self + 24, 7);
  PlannedCall call(&plan, &memory);
  call.enter({self, at});
  EXPECT_EQ(call.recorded(0), 512);
  EXPECT_EQ(call.recorded(1), 512);
  EXPECT_EQ(call.recorded(2), 7);
  PlannedCall nothing(&plan, &memory);
  nothing.enter({0, 0});
  EXPECT_EQ(nothing.recorded(0), std::nullopt);
  EXPECT_EQ(nothing.recorded(1), std::nullopt);
  EXPECT_EQ(nothing.recorded(2), std::nullopt);
}

TEST_F(Plans, ScaleDurationsThatTheProgramKeeps) {
  const TypeId duration = facts.basic("time.Duration", support::TypeKind::kInt, 8, "time");
  EXPECT_NE(duration, TypeId::kNone);
  facts.function("x.org/app.F", 8);
  ProbeBuilder builder("x.org/app.F");
  builder.signature("func(d time.Duration)").record("wait", RecordKind::kObserve, "d");
  const PlannedProbe planned = only(builder);
  EXPECT_THAT(planned.records[0].bounds, ElementsAre(100000, 2500000, 10000000));
  EXPECT_DOUBLE_EQ(planned.records[0].scale, 1e-6);
}

TEST_F(Plans, ReadAValueWithinAnotherFunction) {
  const std::uint32_t inner = facts.function("x.org/repo.(*Repo).Get", 16, 3);
  const TypeId session =
      facts.structure("x.org/repo", "repo.Session", {{"ID", facts.string}, {"Type", facts.int64}});
  const TypeId repo = facts.structure("x.org/repo", "repo.Repo", {{"n", facts.integer}});
  facts.method(facts.pointer(repo), "Get", {facts.integer}, {facts.pointer(session), facts.error});
  ProbeBuilder builder = probe();
  builder.within("kind", "x.org/repo.(*Repo).Get", "ret0.Type").record("calls", RecordKind::kCount);
  plan = support::plan_of(builder, facts);
  ASSERT_THAT(plan.probes, SizeIs(2)) << support::reason_of(plan);
  const PlannedProbe& target = plan.probes[0];
  const PlannedProbe& helper = plan.probes[1];
  EXPECT_TRUE(target.framed);
  EXPECT_TRUE(target.records[0].at_return);
  EXPECT_TRUE(target.labels[0].optional);
  EXPECT_EQ(target.labels[0].offset, 1);
  EXPECT_EQ(target.labels_size, 9);
  EXPECT_EQ(helper.name, "within svc/repo.(*Repo).Get");
  EXPECT_EQ(helper.config_probe, 0xffffffff);
  EXPECT_FALSE(helper.framed);
  EXPECT_THAT(helper.entry_sites, IsEmpty());
  EXPECT_THAT(helper.return_sites, SizeIs(3));
  ASSERT_THAT(helper.contributions, SizeIs(1));
  EXPECT_EQ(helper.contributions[0].target, 0);
  EXPECT_EQ(helper.contributions[0].source, 0);
  EXPECT_EQ(helper.contributions[0].destination, 0);
  EXPECT_EQ(helper.contributions[0].length, 9);
  EXPECT_TRUE(helper.contributions[0].at_return);
  EXPECT_EQ(helper.labels_size, 0);
  EXPECT_EQ(helper.values_size, 9);
  EXPECT_EQ(plan.functions[helper.return_sites[0].function], facts.facts().functions[inner].name);
}

TEST_F(Plans, ReadArgumentsWithinAnotherFunctionAtItsEntry) {
  facts.function("x.org/repo.Get", 16);
  ProbeBuilder builder = probe();
  config::ValueLabel label{
      .within = config::Within{{"x.org/repo.Get"}, config::parse_signature("func(id string)").value()},
      .value = support::expression("id"),
      .transforms = {},
      .max_length = 16};
  builder.label("id", label).record("calls", RecordKind::kCount);
  plan = support::plan_of(builder, facts);
  ASSERT_THAT(plan.probes, SizeIs(2)) << support::reason_of(plan);
  EXPECT_THAT(plan.probes[1].return_sites, IsEmpty());
  EXPECT_FALSE(plan.probes[1].framed);
  EXPECT_FALSE(plan.probes[1].contributions[0].at_return);
  EXPECT_EQ(plan.probes[1].contributions[0].length, 1 + 2 + 16);
}

TEST_F(Plans, SkipAProbeWhoseWithinFunctionIsMissing) {
  ProbeBuilder builder = probe();
  builder.within("kind", "x.org/repo.(*Repo).Gone", "ret0.Type").record("calls", RecordKind::kCount);
  EXPECT_THAT(reason(builder),
              HasSubstr("label kind: within: no function x.org/repo.(*Repo).Gone in this binary"));
}

config::FirstLabel first_of(std::vector<std::string> expressions) {
  config::FirstLabel label;
  for (const std::string& text : expressions) {
    label.alternatives.push_back(
        {.within = {}, .value = support::expression(text), .transforms = {}, .max_length = 64});
  }
  return label;
}

TEST_F(Plans, TakeTheFirstValueThatIsThere) {
  const TypeId one = facts.structure("x.org/app", "app.One", {{"code", facts.integer}});
  const TypeId other =
      facts.structure("x.org/app", "app.Other", {{"pad", facts.integer}, {"status", facts.integer}});
  facts.pointer(one);
  facts.pointer(other);
  facts.function("x.org/app.Get", 16);
  ProbeBuilder builder("x.org/app.Get");
  builder.signature("func(x any)")
      .label("code", first_of({"x.(*app.One).code", "x.(*app.Gone).n", "x.(*app.Other).status"}));
  plan = support::plan_of(builder, facts);
  ASSERT_EQ(support::reason_of(plan), "");
  EXPECT_THAT(plan.probes[0].notes,
              testing::Contains(HasSubstr("label code, left out of first: x.(*app.Gone).n: ")));
  FakeMemory memory;
  const std::uint64_t object = memory.allocate(16);
  memory.put<std::uint64_t>(object, 7);
  memory.put<std::uint64_t>(object + 8, 9);
  const auto descriptor_of = [&](TypeId type) {
    return value_of(*facts.type(facts.pointer(type)).descriptor);
  };
  const auto code_of = [&](std::uint64_t type) {
    PlannedCall call(&plan, &memory);
    call.enter({type, object});
    return call.label("code");
  };
  EXPECT_EQ(code_of(descriptor_of(one)), "7");
  EXPECT_EQ(code_of(descriptor_of(other)), "9");
  EXPECT_EQ(code_of(0), "absent:");
}

TEST_F(Plans, RefuseAlternativesOfDifferentTypesAndNone) {
  ProbeBuilder mixed = probe();
  mixed.label("x", first_of({"req.Path", "recv.id"}));
  EXPECT_THAT(reason(mixed), HasSubstr("label x: recv.id is of another type than what stands before it"));
  ProbeBuilder none = probe();
  none.label("x", first_of({"req.Gone", "recv.lost"}));
  EXPECT_THAT(reason(none), HasSubstr("label x: req.Gone: "));
  EXPECT_THAT(reason(none), HasSubstr("; recv.lost: "));
  ProbeBuilder constant = probe();
  constant.label("x", first_of({"3"}));
  EXPECT_THAT(reason(constant), HasSubstr("it is a constant, which is always there"));
}

// A part of a preset that the binary does not have is no fault; a binary without any part is one.
TEST_F(Plans, ExpectOnePartOfAPreset) {
  ProbeBuilder builder = probe();
  builder.record("calls", RecordKind::kCount);
  builder.config().services[0].presets = {"go/some"};
  builder.config().probes.push_back(builder.config().probes[0]);
  builder.config().probes[0].preset = "go/some";
  builder.config().probes[0].name = "go/some/here";
  builder.config().probes[1].preset = "go/some";
  builder.config().probes[1].name = "go/some/elsewhere";
  builder.config().probes[1].functions = {"x.org/gin.(*Engine).Serve"};
  plan = support::plan_of(builder, facts);
  EXPECT_THAT(plan.skipped, IsEmpty());
  ASSERT_THAT(plan.absent, SizeIs(1));
  EXPECT_EQ(plan.absent[0].name, "go/some/elsewhere");
  EXPECT_THAT(print_plan(plan, false),
              HasSubstr("preset go/some\n  in use      here\n  not here    elsewhere\n"));

  builder.config().probes.erase(builder.config().probes.begin());
  plan = support::plan_of(builder, facts);
  ASSERT_THAT(plan.skipped, SizeIs(1));
  EXPECT_EQ(plan.skipped[0].name, "presets of svc");
  EXPECT_EQ(
      plan.skipped[0].reason,
      "the binary has no part of go/some: it does not use these libraries, or another program is meant; "
      "uprobe_exporter functions --binary FILE lists what it has");
}

// What is there and cannot be read is a fault of the preset.
TEST_F(Plans, SkipAPartOfAPresetThatDoesNotFit) {
  ProbeBuilder builder = probe();
  builder.label("x", "recv.lost").record("calls", RecordKind::kCount);
  builder.config().probes[0].preset = "go/some";
  EXPECT_THAT(reason(builder), HasSubstr("label x: recv.lost: "));
}

TEST_F(Plans, ShareTheObjectsOfAPair) {
  ProbeBuilder builder = probe();
  builder.record("open", RecordKind::kPairUp, "recv");
  builder.config().probes.push_back(builder.config().probes[0]);
  builder.config().probes[1].records[0].kind = RecordKind::kPairDown;
  plan = support::plan_of(builder, facts);
  ASSERT_THAT(plan.probes, SizeIs(2));
  EXPECT_EQ(plan.probes[0].records[0].object, plan.probes[1].records[0].object);
  EXPECT_FALSE(plan.probes[0].framed);
  EXPECT_THAT(plan.objects, ElementsAre("pair open"));
  const FakeMemory memory;
  PlannedCall call(&plan, &memory);
  call.enter({0xc000001000});
  EXPECT_EQ(call.recorded(0), 0xc000001000);
  call.enter({0});
  EXPECT_EQ(call.recorded(0), std::nullopt);
}

TEST_F(Plans, PollAnObjectInMemory) {
  ProbeBuilder builder = probe();
  builder.label("name", "recv.name")
      .record("lag", RecordKind::kPoll, "len(recv.queue) + recv.id + in_flight()");
  const PlannedProbe planned = only(builder);
  EXPECT_TRUE(planned.framed);
  EXPECT_FALSE(planned.records[0].at_return);
  EXPECT_EQ(planned.records[0].object_value, 72);
  FakeMemory memory;
  const std::uint64_t queue = memory.allocate(16);
  memory.put<std::uint64_t>(queue, 40);
  const std::uint64_t self = memory.allocate(32);
  memory.put<std::uint64_t>(self + 16, queue);
  memory.put<std::uint64_t>(self + 24, 2);
  PlannedCall call(&plan, &memory);
  call.enter({self});
  EXPECT_EQ(call.recorded(0), self);
  EXPECT_EQ(call.poll(0, 3), 45);
  memory.put<std::uint64_t>(self + 16, 0);
  EXPECT_EQ(call.poll(0, 3), 5);  // a nil channel has no elements
  const FakeMemory gone;
  PlannedCall dead(&plan, &gone);
  dead.values() = call.values();
  EXPECT_EQ(dead.poll(0, 3), std::nullopt);
}

TEST_F(Plans, CountCallsInFlightWithoutAnyWork) {
  ProbeBuilder builder = probe();
  builder.record("running", RecordKind::kInFlight);
  const PlannedProbe planned = only(builder);
  EXPECT_TRUE(planned.framed);
  EXPECT_THAT(planned.enter.operations, IsEmpty());
  EXPECT_THAT(planned.leave.operations, IsEmpty());
  EXPECT_EQ(planned.slots, 0);
}

TEST_F(Plans, LearnALabelOfTheProcess) {
  ProbeBuilder builder = probe();
  builder.config().probes.clear();
  builder.config().services[0].identity.push_back({.name = "id",
                                                   .functions = {kFunction},
                                                   .signature = {},
                                                   .value = support::expression("recv.name"),
                                                   .position = {}});
  const PlannedProbe planned = only(builder);
  EXPECT_EQ(planned.name, "identity svc/id");
  EXPECT_THAT(planned.return_sites, IsEmpty());
  ASSERT_THAT(planned.identity, SizeIs(1));
  EXPECT_EQ(planned.identity[0].label, "id");
  FakeMemory memory;
  const std::uint64_t self = memory.allocate(32);
  PlannedCall early(&plan, &memory);
  EXPECT_FALSE(early.enter({self}));  // not set yet
  memory.put_string(self, "gateway-7");
  PlannedCall call(&plan, &memory);
  EXPECT_TRUE(call.enter({self}));
  EXPECT_EQ(call.label("id"), "gateway-7");
}

TEST_F(Plans, ShareOneProgramAmongFunctionsThatReadAlike) {
  facts.function("x.org/app.(*Service).DoMore", 16, 1);
  ProbeBuilder builder("x.org/app.(*Service).Do*");
  builder.signature(kSignature).label("name", "func").cases("status", {{"error", "ret1 != nil"}}, "ok");
  const PlannedProbe planned = only(builder);
  EXPECT_THAT(planned.return_sites, SizeIs(3));
  EXPECT_NE(planned.return_sites[0].function, planned.return_sites[2].function);
  EXPECT_EQ(planned.labels[0].kind, LabelField::Kind::kFunction);
  EXPECT_THAT(planned.notes,
              ElementsAre("app.(*Service).Do, app.(*Service).DoMore: signature from the config, checked "
                          "against 16 bytes of arguments"));
}

TEST_F(Plans, GiveFunctionsThatReadOtherwiseTheirOwnPrograms) {
  const TypeId pointer = facts.pointer(service);
  facts.method(pointer, "Do", {}, {facts.error});
  facts.method(pointer, "DoMore", {}, {facts.integer, facts.error});
  facts.facts().functions[function].arguments_size = 8;
  facts.function("x.org/app.(*Service).DoMore", 8);
  facts.function("x.org/app.(*Service).DoNothing", 64);
  ProbeBuilder builder("x.org/app.(*Service).Do*");
  builder.label("n", "func").cases("status", {{"error", "ret0 != nil"}}, "ok");
  plan = support::plan_of(builder, facts);
  // DoMore's ret0 is an int: it cannot be nil; of DoNothing nothing is known.
  ASSERT_THAT(plan.probes, SizeIs(1));
  EXPECT_THAT(
      plan.probes[0].notes,
      testing::Contains(HasSubstr("not probed: app.(*Service).DoMore: label status: ret0 != nil: an integer "
                                  "cannot be compared with nil by !=")));
  EXPECT_THAT(plan.probes[0].notes,
              testing::Contains(HasSubstr("DoNothing: label status: ret0: the binary")));
}

TEST_F(Plans, TellOfCallsThatAProbeDoesNotSee) {
  facts.details(function).inlined_into = {"x.org/app.A", "x.org/app.B", "x.org/app.C", "x.org/app.D"};
  ProbeBuilder builder = probe();
  EXPECT_THAT(only(builder).notes,
              testing::Contains("app.(*Service).Do: also inlined in 4 callers (x.org/app.A, "
                                "x.org/app.B, x.org/app.C, ...): those calls are not counted; a "
                                "counter counts them with inlined: true"));
}

// A counter of x.org/app.(*Service).Do, of which callers hold copies.
class PlansOfInlined : public Plans {
 protected:
  PlansOfInlined() {
    builder.config().probes[0].inlined = true;
    facts.facts().inlined_copies[kName] = {{.caller = "x.org/app.A",
                                            .site = inspect::VirtualAddress{0x400900},
                                            .instruction = "nop",
                                            .unusable = {}},
                                           {.caller = "x.org/app.B",
                                            .site = inspect::VirtualAddress{0x400a00},
                                            .instruction = "inc qword ptr [rax]",
                                            .unusable = {}}};
  }

  static constexpr const char* kName = "x.org/app.(*Service).Do";
  ProbeBuilder builder{kName};
};

TEST_F(PlansOfInlined, ProbeTheFunctionAndItsCopies) {
  const PlannedProbe& probe = only(builder);
  ASSERT_THAT(probe.entry_sites, SizeIs(3));
  EXPECT_EQ(probe.entry_sites[0].inlined_in, "");
  EXPECT_EQ(probe.entry_sites[1].inlined_in, "x.org/app.A");
  EXPECT_EQ(value_of(probe.entry_sites[1].address), 0x400900U);
  EXPECT_EQ(probe.entry_sites[2].instruction, "inc qword ptr [rax]");
  EXPECT_EQ(probe.entry_sites[2].function, probe.entry_sites[0].function);
  EXPECT_THAT(probe.return_sites, testing::IsEmpty());
}

TEST_F(PlansOfInlined, ProbeAFunctionThatHasOnlyCopies) {
  facts.facts().functions[function].name = "x.org/app.other";
  EXPECT_THAT(only(builder).entry_sites, SizeIs(2));
}

// One copy is enough: a count of a part of the calls would be wrong.
TEST_F(PlansOfInlined, RefuseACopyInCodeThatTheProgramChecksItself) {
  facts.facts().self_checked_code = {{inspect::VirtualAddress{0x400a00}, inspect::VirtualAddress{0x400a01}}};
  EXPECT_THAT(reason(builder), HasSubstr("it is part of Go's FIPS 140 module"));
}

TEST_F(PlansOfInlined, RefuseWhatWouldCountWrong) {
  facts.facts().inlined_copies[kName][1] = {.caller = "x.org/app.B",
                                            .site = std::nullopt,
                                            .instruction = {},
                                            .unusable = "its body begins with a loop"};
  plan = support::plan_of(builder, facts);
  ASSERT_THAT(plan.skipped, SizeIs(1));
  EXPECT_EQ(plan.skipped[0].reason,
            "app.(*Service).Do: its copy in x.org/app.B cannot be probed: its body begins with a loop; leave "
            "out inlined, "
            "or probe the callers");
}

TEST_F(PlansOfInlined, RefuseCompilersThatForgetCopies) {
  facts.facts().go_version = "go1.20.14";
  plan = support::plan_of(builder, facts);
  ASSERT_THAT(plan.skipped, SizeIs(1));
  EXPECT_THAT(plan.skipped[0].reason,
              HasSubstr("go1.20.14 does not write down all of them (Go 1.21 and later do)"));
}

TEST_F(Plans, GoOnWithoutAProbeThatCannotBeMade) {
  ProbeBuilder builder = probe();
  builder.record("calls", RecordKind::kCount);
  builder.config().probes.push_back(builder.config().probes[0]);
  builder.config().probes[1].name = "broken";
  builder.config().probes[1].functions = {"x.org/app.(*Service).Dp"};
  plan = support::plan_of(builder, facts);
  EXPECT_THAT(plan.probes, SizeIs(1));
  ASSERT_THAT(plan.skipped, SizeIs(1));
  EXPECT_EQ(plan.skipped[0].name, "broken");
  EXPECT_EQ(plan.skipped[0].config_probe, 1U);
  EXPECT_EQ(plan.skipped[0].reason,
            "no function x.org/app.(*Service).Dp in this binary; nearest: x.org/app.(*Service).Do");
}

TEST_F(Plans, LeaveOutProbesOfServicesThatDoNotRunThisBinary) {
  ProbeBuilder builder = probe();
  builder.probe().services = {"other"};
  plan = support::plan_of(builder, facts);
  EXPECT_THAT(plan.probes, IsEmpty());
  EXPECT_THAT(plan.skipped, IsEmpty());
}

TEST_F(Plans, RefuseDurationsOfFunctionsThatDoNotReturn) {
  facts.details(function).no_returns = "it ends in a jump to another function";
  ProbeBuilder builder = probe();
  builder.record("time", RecordKind::kDuration);
  EXPECT_EQ(reason(builder),
            "app.(*Service).Do: its returns cannot be probed: it ends in a jump to another function; a "
            "counter of calls without results works");
  ProbeBuilder counter = probe();
  EXPECT_EQ(reason(counter), "");
}

TEST_F(Plans, RefuseWhatCannotBeProbed) {
  ProbeBuilder builder = probe();
  facts.details(function).unusable = "its frame is never allocated";
  EXPECT_EQ(reason(builder), "app.(*Service).Do: it cannot be probed: its frame is never allocated");
  facts.details(function).unusable.clear();
  facts.facts().functions[function].assembly = true;
  EXPECT_THAT(reason(builder), HasSubstr("it is assembly"));
  facts.facts().functions[function].assembly = false;
  facts.details(function).entry_site.reset();
  EXPECT_THAT(reason(builder), HasSubstr("the instruction that allocates its frame was not found"));
}

TEST_F(Plans, RefuseFramesWithoutTheRuntimesTypes) {
  FactsBuilder bare;
  bare.facts().types = inspect::TypeTable();
  bare.function("x.org/app.F", 0);
  ProbeBuilder builder("x.org/app.F");
  builder.record("time", RecordKind::kDuration);
  EXPECT_EQ(
      support::reason_of(support::plan_of(builder, bare)),
      "app.F: calls cannot be followed to their end: runtime.g.goid is not in the binary's type metadata");
  ProbeBuilder counter("x.org/app.F");
  EXPECT_THAT(support::plan_of(counter, bare).probes, SizeIs(1));
}

TEST_F(Plans, FindTheResumedFrameOfGoBefore122InG) {
  FactsBuilder old;
  old.facts().types = inspect::TypeTable();
  old.word = old.basic("uintptr", support::TypeKind::kUint, 8);
  const TypeId stack = old.structure("runtime", "runtime.stack", {{"lo", old.word}, {"hi", old.word}});
  old.structure("runtime", "runtime.g", {{"stack", stack}, {"sigcode0", old.word}, {"goid", old.word}});
  old.function("x.org/app.F", 0);
  ProbeBuilder builder("x.org/app.F");
  builder.record("time", RecordKind::kDuration);
  plan = support::plan_of(builder, old);
  ASSERT_THAT(plan.unwind_hooks, testing::Not(IsEmpty()));
  EXPECT_FALSE(plan.unwind_hooks[0].through_panic);
  EXPECT_EQ(plan.unwind_hooks[0].sp_offset, 16);
}

TEST_F(Plans, RefuseGaugesThatNeedWhatOnlyTheReturnKnows) {
  ProbeBuilder flight = probe();
  flight.cases("status", {{"error", "ret1 != nil"}}, "ok").record("running", RecordKind::kInFlight);
  EXPECT_EQ(reason(flight),
            "app.(*Service).Do: record running: a gauge of calls in flight needs its labels at the entry, "
            "but status is known only at the return");
  ProbeBuilder poll = probe();
  poll.when("ret1 == nil").record("lag", RecordKind::kPoll, "recv.id");
  EXPECT_EQ(reason(poll),
            "app.(*Service).Do: record lag: a polled gauge needs its condition at the entry, but when: is "
            "known only at the return");
  ProbeBuilder nothing = probe();
  nothing.record("lag", RecordKind::kPoll, "in_flight()");
  EXPECT_THAT(reason(nothing), HasSubstr("names no object to poll; for calls alone use in_flight: true"));
}

TEST_F(Plans, RefuseWhatExceedsTheLimits) {
  ProbeBuilder wide = probe();
  config::ValueLabel label{
      .within = {}, .value = support::expression("req.Path"), .transforms = {}, .max_length = 257};
  wide.label("path", label);
  EXPECT_THAT(reason(wide),
              HasSubstr("label path: req.Path: max_length 257: at most 256 bytes of a string are kept"));

  ProbeBuilder large = probe();
  label.max_length = 256;
  for (const char* name : {"a", "b", "c", "d"}) {
    large.label(name, label);
  }
  EXPECT_THAT(reason(large),
              HasSubstr("1032 bytes of values are needed, 1024 are possible; lower max_length"));

  ProbeBuilder many = probe();
  for (int i = 0; i < 9; ++i) {
    many.record("calls" + std::to_string(i), RecordKind::kCount);
  }
  EXPECT_THAT(reason(many), HasSubstr("more than 8 records in one probe; write a second probe"));

  ProbeBuilder buckets = probe();
  buckets.record("time", RecordKind::kDuration);
  buckets.config().metrics[0].buckets.clear();
  for (int i = 0; i < 65; ++i) {
    buckets.config().metrics[0].buckets.push_back(i);
  }
  EXPECT_THAT(reason(buckets), HasSubstr("65 different buckets in one probe, 64 are possible"));
}

TEST_F(Plans, SayThatOtherProgramsCannotBePlannedYet) {
  facts.facts().runtime = inspect::Runtime::kNative;
  ProbeBuilder builder = probe();
  EXPECT_THAT(reason(builder), HasSubstr("it is not a Go program"));
  EXPECT_EQ(support::plan_of(builder, facts).runtime, inspect::Runtime::kNative);
}

}  // namespace
}  // namespace plan
