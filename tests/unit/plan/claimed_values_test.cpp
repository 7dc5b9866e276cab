// What only a written signature says of a value is checked when the call is made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

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

constexpr const char* kFunction = "x.org/app.Open";

class ClaimedValues : public testing::Test {
 protected:
  ClaimedValues() {
    writer = facts.interface("x.org/app", "app.Writer", {"Write"});
    failure = facts.structure("x.org/app", "app.Failure", {{"Code", facts.int32}});
    facts.type(facts.pointer(failure)).methods.push_back({"Error", TypeId::kNone, std::nullopt});
    facts.itab(facts.pointer(failure));
    facts.function(kFunction, -1);
    error_itab = itab(facts.error);
    writer_itab = itab(writer);
    object = memory.allocate(16);
    memory.put<std::int32_t>(object, 13);
  }

  // {interface type, concrete type, ...}
  std::uint64_t itab(TypeId interface) {
    const std::uint64_t at = memory.allocate(32);
    memory.put<std::uint64_t>(at, facts.descriptor(interface));
    memory.put<std::uint64_t>(at + 8, facts.descriptor(facts.pointer(failure)));
    return at;
  }

  struct Outcome {
    std::string label;
    std::uint32_t unlikely = 0;

    bool operator==(const Outcome&) const = default;

    friend void PrintTo(const Outcome& one, std::ostream* to) { *to << one.label << ", " << one.unlikely; }
  };

  static Outcome run(const ProbePlan& plan, const FakeMemory& memory, const support::Registers& entry,
                     const support::Registers& exit) {
    PlannedCall call(&plan, &memory);
    call.enter(entry);
    call.leave(exit);
    return {call.label("x"), call.unlikely_values()};
  }

  // The label {error: ret1 != nil, ok: ret1 == nil} of func() (*app.Failure, error) that returns these words.
  Outcome status(std::uint64_t itab, std::uint64_t data) {
    ProbeBuilder builder(kFunction);
    builder.signature("func() (*app.Failure, error)")
        .cases("x", {{"error", "ret1 != nil"}, {"ok", "ret1 == nil"}}, "unknown");
    const ProbePlan plan = support::plan_of(builder, facts);
    return run(plan, memory, {}, {object, itab, data});
  }

  Outcome label_of(const std::string& label, const support::Registers& entry,
                   const support::Registers& exit) {
    ProbeBuilder builder(kFunction);
    builder.signature("func(w app.Writer, a any) (*app.Failure, error)").label("x", label);
    const ProbePlan plan = support::plan_of(builder, facts);
    return run(plan, memory, entry, exit);
  }

  FactsBuilder facts;
  FakeMemory memory;
  TypeId writer, failure;
  std::uint64_t error_itab = 0, writer_itab = 0, object = 0;
};

TEST_F(ClaimedValues, AreReadWhereTheyAreWhatIsSaid) {
  EXPECT_EQ(status(0, 0), (Outcome{"ok", 0}));
  EXPECT_EQ(status(error_itab, object), (Outcome{"error", 0}));
  EXPECT_EQ(status(error_itab, 0), (Outcome{"error", 0})) << "an error that is a nil pointer";
  EXPECT_EQ(label_of("ret1.(*app.Failure).Code", {}, {0, error_itab, object}), (Outcome{"13", 0}));
  EXPECT_EQ(label_of("ret1.(*app.Failure).Code", {}, {0, 0, 0}), (Outcome{"absent:", 0}));
  EXPECT_EQ(label_of("ret1.Code", {}, {0, error_itab, object}), (Outcome{"13", 0}));
}

TEST_F(ClaimedValues, AreNeitherWhereTheyAreSomethingElse) {
  EXPECT_EQ(status(writer_itab, object), (Outcome{"unknown", 1})) << "another interface";
  EXPECT_EQ(status(object, 0), (Outcome{"unknown", 1})) << "a pointer";
  EXPECT_EQ(status(3, object), (Outcome{"unknown", 1})) << "a number";
  EXPECT_EQ(status(0, error_itab), (Outcome{"unknown", 1})) << "nil and an itab: results were swapped";
  EXPECT_EQ(label_of("ret1.(*app.Failure).Code", {}, {0, writer_itab, object}), (Outcome{"absent:", 1}));
  EXPECT_EQ(label_of("ret1.Code", {}, {0, writer_itab, object}), (Outcome{"absent:", 1}));
}

TEST_F(ClaimedValues, AreCheckedInParametersToo) {
  EXPECT_EQ(label_of("typeof(w)", {writer_itab, object}, {}),
            (Outcome{"type " + std::to_string(facts.descriptor(facts.pointer(failure))), 0}));
  EXPECT_EQ(label_of("typeof(w)", {error_itab, object}, {}), (Outcome{"type 0", 1}));
  EXPECT_EQ(label_of("at_return(typeof(w))", {writer_itab, object}, {}),
            (Outcome{"type " + std::to_string(facts.descriptor(facts.pointer(failure))), 0}));
  EXPECT_EQ(label_of("at_return(typeof(w))", {error_itab, object}, {}), (Outcome{"type 0", 1}));
  // The type word of an `any` is compared by whoever asserts.
  EXPECT_EQ(label_of("a.(*app.Failure).Code", {0, 0, facts.descriptor(facts.pointer(failure)), object}, {}),
            (Outcome{"13", 0}));
  EXPECT_EQ(label_of("a.(*app.Failure).Code", {0, 0, 3, object}, {}), (Outcome{"absent:", 0}));
}

TEST_F(ClaimedValues, AreNotReadWhereTheirNeighboursAreSomethingElse) {
  EXPECT_EQ(label_of("ret0.Code", {}, {object, error_itab, object}), (Outcome{"13", 0}));
  EXPECT_EQ(label_of("ret0.Code", {}, {object, 0, 0}), (Outcome{"13", 0}));
  EXPECT_EQ(label_of("ret0.Code", {}, {object, writer_itab, object}), (Outcome{"absent:", 1}));
  EXPECT_EQ(label_of("a.(*app.Failure).Code",
                     {error_itab, object, facts.descriptor(facts.pointer(failure)), object}, {}),
            (Outcome{"absent:", 1}));
}

TEST_F(ClaimedValues, AreTakenForNoneOfTwoThatAreSwapped) {
  facts.function("x.org/app.Both", -1);
  ProbeBuilder builder("x.org/app.Both");
  builder.signature("func() (error, app.Writer)")
      .cases("x", {{"error", "ret0 != nil"}, {"ok", "ret0 == nil"}}, "unknown");
  const ProbePlan plan = support::plan_of(builder, facts);
  EXPECT_EQ(run(plan, memory, {}, {error_itab, object, 0, 0}), (Outcome{"error", 0}));
  EXPECT_EQ(run(plan, memory, {}, {0, 0, writer_itab, object}), (Outcome{"ok", 0}));
  EXPECT_EQ(run(plan, memory, {}, {writer_itab, object, 0, 0}), (Outcome{"unknown", 1}));
  EXPECT_EQ(run(plan, memory, {}, {0, 0, error_itab, object}), (Outcome{"unknown", 1}));
}

TEST_F(ClaimedValues, AreNoResultsOfACallThatPanicked) {
  ProbeBuilder builder(kFunction);
  builder.signature("func() (*app.Failure, error)")
      .cases("x", {{"panic", "panicked"}, {"error", "ret1 != nil"}, {"ok", "ret1 == nil"}}, "unknown");
  const ProbePlan plan = support::plan_of(builder, facts);
  PlannedCall call(&plan, &memory);
  call.enter({});
  call.panic();
  EXPECT_EQ(call.label("x"), "panic");
  EXPECT_EQ(call.unlikely_values(), 0U);
}

TEST_F(ClaimedValues, AreCheckedOnceHoweverManyExpressionsReadThem) {
  ProbeBuilder builder(kFunction);
  builder.signature("func() (*app.Failure, error)")
      .cases("x", {{"error", "ret1 != nil"}, {"ok", "ret1 == nil"}}, "unknown")
      .label("y", "ret1.(*app.Failure).Code")
      .label("z", "typeof(ret1)");
  const ProbePlan plan = support::plan_of(builder, facts);
  ASSERT_EQ(plan.probes.size(), 1U) << support::reason_of(plan);
  const auto checks = [](const Phase& phase) {
    return std::ranges::count(phase.operations, OP_INTERFACE, &operation::code);
  };
  EXPECT_EQ(checks(plan.probes[0].leave), 1);
  EXPECT_EQ(checks(plan.probes[0].enter), 0);
  EXPECT_EQ(run(plan, memory, {}, {object, writer_itab, object}), (Outcome{"unknown", 1}));
}

TEST_F(ClaimedValues, AreNotCheckedWhereTheBinarySaysThem) {
  const TypeId service = facts.structure("x.org/app", "app.Service", {{"name", facts.string}});
  facts.method(facts.pointer(service), "Do", {}, {facts.error});
  facts.function("x.org/app.(*Service).Do", 8);
  ProbeBuilder builder("x.org/app.(*Service).Do");
  builder.signature("func() (err error)").cases("x", {{"error", "err != nil"}}, "ok");
  const ProbePlan plan = support::plan_of(builder, facts);
  ASSERT_EQ(plan.probes.size(), 1U) << support::reason_of(plan);
  EXPECT_EQ(std::ranges::count(plan.probes[0].leave.operations, OP_INTERFACE, &operation::code), 0);
}

}  // namespace
}  // namespace plan
