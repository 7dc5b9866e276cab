// A field of an interface: of whichever type it holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/facts_builder.hpp"
#include "support/fake_memory.hpp"
#include "support/plan_runner.hpp"

namespace plan {
namespace {

using support::FactsBuilder;
using support::FakeMemory;
using support::PlannedCall;
using support::ProbeBuilder;
using support::TypeId;
using testing::HasSubstr;

constexpr const char* kFunction = "x.org/app.Serve";

// type Plain struct { host string; status int }          *Plain is a Writer
// type Small struct { status int32; host string }        *Small is a Writer
// type State struct { id int; status int; host string }
// type Handle struct { state *State }                    *Handle is a Writer
// type Wrapped struct { *Handle }                        Wrapped is a Writer
class InterfaceFields : public testing::Test {
 protected:
  InterfaceFields() {
    writer = facts.interface("x.org/app", "app.Writer", {"Write"});
    plain = facts.structure("x.org/app", "app.Plain", {{"host", facts.string}, {"status", facts.integer}});
    small = facts.structure("x.org/app", "app.Small", {{"status", facts.int32}, {"host", facts.string}});
    const TypeId state = facts.structure(
        "x.org/app", "app.State", {{"id", facts.integer}, {"status", facts.integer}, {"host", facts.string}});
    handle = facts.structure("x.org/app", "app.Handle", {{"state", facts.pointer(state)}});
    wrapped = facts.structure("x.org/app", "app.Wrapped", {{"Handle", facts.pointer(handle), true}});
    for (const TypeId id : {facts.pointer(plain), facts.pointer(small), facts.pointer(handle), wrapped}) {
      is_writer(id);
    }
    facts.function(kFunction, -1);
    plain_at = memory.allocate(32);
    memory.put_string(plain_at, "plain");
    memory.put<std::int64_t>(plain_at + 16, 200);
    small_at = memory.allocate(32);
    memory.put<std::int32_t>(small_at, -404);
    memory.put<std::int32_t>(small_at + 4, -1);
    memory.put_string(small_at + 8, "small");
    state_at = memory.allocate(32);
    memory.put<std::int64_t>(state_at, 7);
    memory.put<std::int64_t>(state_at + 8, 500);
    memory.put_string(state_at + 16, "handled");
    handle_at = memory.allocate(8);
    memory.put<std::uint64_t>(handle_at, state_at);
  }

  void is_writer(TypeId id) {
    facts.type(id).methods.push_back({"Write", TypeId::kNone, std::nullopt});
    facts.itab(id);
  }

  std::uint64_t itab_of(TypeId id) {
    const std::uint64_t itab = memory.allocate(32);
    memory.put<std::uint64_t>(itab, facts.descriptor(writer));
    memory.put<std::uint64_t>(itab + 8, facts.descriptor(id));
    return itab;
  }

  ProbePlan planned(const std::string& label, const std::string& type = "app.Writer") {
    ProbeBuilder builder(kFunction);
    builder.signature("func(w " + type + ")").label("x", label);
    return support::plan_of(builder, facts);
  }

  // The label of a call with an interface of these words; "skipped: " and the reason where it cannot be read.
  std::string label_of(const std::string& label, std::uint64_t first, std::uint64_t data,
                       const std::string& type = "app.Writer") {
    const ProbePlan plan = planned(label, type);
    if (plan.probes.empty()) {
      return "skipped: " + support::reason_of(plan);
    }
    PlannedCall call(&plan, &memory);
    call.enter({first, data});
    call.leave({});
    return call.label("x");
  }

  FactsBuilder facts;
  FakeMemory memory;
  TypeId writer, plain, small, handle, wrapped;
  std::uint64_t plain_at = 0, small_at = 0, state_at = 0, handle_at = 0;
};

TEST_F(InterfaceFields, AreReadOfWhicheverTypeIsHeld) {
  struct Held {
    TypeId type;
    std::uint64_t data;
    const char* status;
    const char* host;
  };

  const Held cases[] = {
      {facts.pointer(plain), plain_at, "200", "plain"},
      {facts.pointer(small), small_at, "-404", "small"},
      {facts.pointer(handle), handle_at, "500", "handled"},
      {wrapped, handle_at, "500", "handled"},
      {facts.pointer(facts.error), plain_at, "absent:", ""},
  };
  for (const Held& held : cases) {
    const std::string name = facts.name_of(held.type);
    EXPECT_EQ(label_of("w.status", itab_of(held.type), held.data), held.status) << name;
    EXPECT_EQ(label_of("at_return(w.status)", itab_of(held.type), held.data), held.status) << name;
    EXPECT_EQ(label_of("w.host", itab_of(held.type), held.data), held.host) << name;
    EXPECT_EQ(label_of("len(w.host)", itab_of(held.type), held.data),
              *held.host == '\0' ? "absent:" : std::to_string(std::string(held.host).size()))
        << name;
  }
}

TEST_F(InterfaceFields, AreAbsentWhereAPointerOnTheWayIsNil) {
  EXPECT_EQ(label_of("w.status", 0, 0), "absent:");
  EXPECT_EQ(label_of("w.status", itab_of(facts.pointer(plain)), 0), "absent:");
  memory.put<std::uint64_t>(handle_at, 0);
  EXPECT_EQ(label_of("w.status", itab_of(facts.pointer(handle)), handle_at), "absent:");
  EXPECT_EQ(label_of("w.host", itab_of(facts.pointer(handle)), handle_at), "");
}

TEST_F(InterfaceFields, DecideConditions) {
  ProbeBuilder builder(kFunction);
  builder.signature("func(w app.Writer)")
      .cases("x", {{"failed", "w.status >= 500"}, {"own", "w.host == \"small\""}}, "other");
  const ProbePlan plan = support::plan_of(builder, facts);
  ASSERT_EQ(plan.probes.size(), 1U) << support::reason_of(plan);
  const auto label_of_call = [&](TypeId type, std::uint64_t data) {
    PlannedCall call(&plan, &memory);
    call.enter({itab_of(type), data});
    return call.label("x");
  };
  EXPECT_EQ(label_of_call(facts.pointer(plain), plain_at), "other");
  EXPECT_EQ(label_of_call(facts.pointer(small), small_at), "own");
  EXPECT_EQ(label_of_call(wrapped, handle_at), "failed");
}

TEST_F(InterfaceFields, OfAnyAreToldByTheTypeWord) {
  const TypeId odd = facts.structure("x.org/app", "app.Odd", {{"id", facts.integer}, {"odd", facts.uint8}});
  const TypeId even = facts.structure("x.org/app", "app.Even", {{"odd", facts.uint16}});
  const std::uint64_t odd_at = memory.allocate(16);
  memory.put<std::uint8_t>(odd_at + 8, 9);
  const std::uint64_t even_at = memory.allocate(8);
  memory.put<std::uint16_t>(even_at, 1000);
  EXPECT_EQ(label_of("w.odd", facts.descriptor(odd), odd_at, "any"), "9");
  EXPECT_EQ(label_of("w.odd", facts.descriptor(facts.pointer(even)), even_at, "any"), "1000");
  EXPECT_EQ(label_of("w.odd", facts.descriptor(plain), plain_at, "any"), "absent:");
}

TEST_F(InterfaceFields, AreListedByThePlan) {
  const ProbePlan plan = planned("w.status");
  ASSERT_EQ(plan.probes.size(), 1U) << support::reason_of(plan);
  ASSERT_EQ(plan.probes[0].reads.size(), 1U);
  ASSERT_EQ(plan.probes[0].reads[0].paths.size(), 1U);
  EXPECT_EQ(plan.probes[0].reads[0].paths[0],
            "w RAX,RBX { .(*app.Handle) -> app.Handle .state +0 -> app.State .status +8 | .(app.Wrapped) "
            ".Handle +0 "
            "-> app.Handle .state +0 -> app.State .status +8 | .(*app.Plain) -> app.Plain .status +16 | "
            ".(*app.Small) -> app.Small .status +0 } int");
}

TEST_F(InterfaceFields, OfAWrittenTypeAreOfThatTypeOnlyAndTheOthersAreNamed) {
  EXPECT_EQ(label_of("w.(*app.Plain).status", itab_of(facts.pointer(plain)), plain_at), "200");
  EXPECT_EQ(label_of("w.(*app.Plain).status", itab_of(facts.pointer(small)), small_at), "absent:");
  EXPECT_THAT(planned("w.(*app.Plain).status").probes.at(0).notes,
              testing::Contains("app.Serve: w can also hold *app.Handle, app.Wrapped, *app.Small, for which "
                                "w.(*app.Plain).status is empty; w.status is read for all"));
}

TEST_F(InterfaceFields, ThatDifferAreRefused) {
  const TypeId text = facts.structure("x.org/app", "app.Text", {{"status", facts.string}});
  is_writer(facts.pointer(text));
  EXPECT_THAT(
      label_of("w.status", 0, 0),
      HasSubstr("w.status: it is a int in *app.Handle and a string in *app.Text: say which is meant, as in "
                ".(*app.Handle).status"));
  EXPECT_EQ(label_of("w.(*app.Plain).status", itab_of(facts.pointer(plain)), plain_at), "200");
}

TEST_F(InterfaceFields, OfMoreTypesThanCanBeTriedAreRefused) {
  for (const char* name : {"app.A", "app.B", "app.C", "app.D"}) {
    is_writer(facts.pointer(
        facts.structure("x.org/app", name, {{"status", facts.integer}, {"host", facts.string}})));
  }
  EXPECT_EQ(label_of("w.status", itab_of(wrapped), handle_at), "500");
  is_writer(facts.pointer(facts.structure("x.org/app", "app.E", {{"status", facts.integer}})));
  EXPECT_THAT(
      label_of("w.status", 0, 0),
      HasSubstr("w.status: it is the interface app.Writer, which can hold 9 types with a field status "
                "(*app.Handle, app.Wrapped, *app.Plain, *app.Small, *app.A and 4 more); 8 can be tried: say "
                "what it holds, as in .(*app.Handle).status"));
}

TEST_F(InterfaceFields, ThatNoTypeHasAreRefused) {
  EXPECT_THAT(
      label_of("w.gone", 0, 0),
      HasSubstr("w.gone: it is the interface app.Writer, and no type in the binary that it can hold has a "
                "field gone; say what it holds, as in .(*pkg.Type).gone"));
}

}  // namespace
}  // namespace plan
