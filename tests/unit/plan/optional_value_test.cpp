// Pointers to basic types, and bytes as text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/facts_builder.hpp"
#include "support/fake_memory.hpp"
#include "support/plan_runner.hpp"

namespace plan {
namespace {

using support::PlannedCall;
using support::ProbeBuilder;
using support::Registers;
using testing::HasSubstr;

constexpr const char* kFunction = "x.org/app.handle";
constexpr const char* kSignature = "func(j *app.Job) error";

class OptionalValue : public testing::Test {
 protected:
  OptionalValue() {
    const auto duration = facts.basic("time.Duration", support::TypeKind::kInt, 8, "time");
    job = facts.structure("x.org/app", "app.Job",
                          {{"name", facts.pointer(facts.string)},
                           {"tries", facts.pointer(facts.int32)},
                           {"flag", facts.pointer(facts.boolean)},
                           {"parts", facts.pointer(facts.slice(facts.string))},
                           {"id", facts.array(facts.uint8, 16)},
                           {"wait", duration},
                           {"next", facts.pointer(facts.pointer(facts.int32))}});
    facts.pointer(job);
    facts.function(kFunction, 8);
    self = memory.allocate(facts.type(job).size);
    const std::uint64_t name = memory.allocate(16);
    memory.put_string(name, "first");
    put("name", name);
    const std::uint64_t tries = memory.allocate(8);
    memory.put<std::int32_t>(tries, -3);
    put("tries", tries);
    const std::uint64_t flag = memory.allocate(8);
    memory.put<std::uint8_t>(flag, 1);
    put("flag", flag);
    const std::uint64_t parts = memory.allocate(24);
    memory.put<std::uint64_t>(parts + 8, 2);
    memory.put<std::uint64_t>(parts + 16, 5);
    put("parts", parts);
    for (std::uint64_t i = 0; i < 16; ++i) {
      memory.put<char>(self + offset("id") + i, static_cast<char>('a' + i));
    }
    memory.put<std::uint64_t>(self + offset("wait"), 250);
  }

  std::uint64_t offset(const std::string& name) {
    for (const inspect::Field& field : facts.type(job).fields) {
      if (field.name == name) {
        return field.offset;
      }
    }
    return 0;
  }

  void put(const std::string& name, std::uint64_t value) {
    memory.put<std::uint64_t>(self + offset(name), value);
  }

  // The label's text, and "nil" in place of it where the job has no values.
  std::pair<std::string, std::string> texts(const std::string& expression) {
    ProbeBuilder builder(kFunction);
    builder.signature(kSignature).label("x", expression);
    const ProbePlan plan = support::plan_of(builder, facts);
    EXPECT_EQ(support::reason_of(plan), "") << expression;
    if (plan.probes.empty()) {
      return {};
    }
    const std::uint64_t empty = memory.allocate(facts.type(job).size);
    PlannedCall full(&plan, &memory);
    full.enter({self});
    PlannedCall nil(&plan, &memory);
    nil.enter({empty});
    return {full.label("x"), nil.label("x")};
  }

  std::string reason(const std::string& expression) {
    ProbeBuilder builder(kFunction);
    builder.signature(kSignature).label("x", expression);
    return support::reason_of(support::plan_of(builder, facts));
  }

  support::FactsBuilder facts;
  support::FakeMemory memory;
  support::TypeId job{};
  std::uint64_t self = 0;
};

using Texts = std::pair<std::string, std::string>;

TEST_F(OptionalValue, IsReadThroughItsPointer) {
  EXPECT_EQ(texts("j.name"), Texts("first", ""));
  EXPECT_EQ(texts("j.tries"), Texts("-3", "absent:"));
  EXPECT_EQ(texts("j.flag"), Texts("true", "absent:"));
  EXPECT_EQ(texts("len(j.parts)"), Texts("2", "absent:"));
  EXPECT_EQ(texts("cap(j.parts)"), Texts("5", "absent:"));
  EXPECT_EQ(texts("len(j.name)"), Texts("5", "absent:"));
  EXPECT_EQ(texts("j.tries + 1"), Texts("-2", "absent:"));
}

TEST_F(OptionalValue, IsComparedWithConstants) {
  EXPECT_EQ(texts("j.name == \"first\""), Texts("true", "false"));
  EXPECT_EQ(texts("j.name != \"first\""), Texts("false", "false"));
  EXPECT_EQ(texts("j.tries < 0"), Texts("true", "false"));
  EXPECT_EQ(texts("0 > j.tries"), Texts("true", "false"));
  EXPECT_EQ(texts("j.flag && j.tries == -3"), Texts("true", "false"));
  EXPECT_EQ(texts("!j.flag"), Texts("false", "true"));
  EXPECT_EQ(texts("strings.HasPrefix(j.name, \"fi\")"), Texts("true", "false"));
}

TEST_F(OptionalValue, IsStillAPointerForNil) {
  EXPECT_EQ(texts("j.tries != nil"), Texts("true", "false"));
  EXPECT_EQ(texts("j.name == nil"), Texts("false", "true"));
  EXPECT_EQ(texts("j.tries == j.tries"), Texts("true", "true"));
}

TEST_F(OptionalValue, IsOneStepAway) {
  EXPECT_THAT(reason("j.next"), HasSubstr("label x: j.next: its type is *"));
}

TEST_F(OptionalValue, ArrayOfBytesIsText) {
  EXPECT_EQ(texts("string(j.id)"), Texts("abcdefghijklmnop", std::string(16, '\0')));
  EXPECT_THAT(reason("j.id"), HasSubstr("string() of bytes (as: hex or as: uuid)"));
}

TEST_F(OptionalValue, OfAnArgumentIsNotReadLater) {
  EXPECT_THAT(reason("j.tries + len(ret0.(*app.Job).name)"), HasSubstr("write at_return()"));
}

TEST_F(OptionalValue, DurationsAreWrittenAsGoDoes) {
  ProbeBuilder builder(kFunction);
  builder.signature(kSignature).label("x", "j.wait");
  const ProbePlan plan = support::plan_of(builder, facts);
  ASSERT_EQ(support::reason_of(plan), "");
  ASSERT_EQ(plan.probes.front().labels.front().transforms.size(), 1);
  EXPECT_EQ(plan.probes.front().labels.front().transforms.front().kind, config::Transform::Kind::kDuration);
}

TEST_F(OptionalValue, PathsAreGroupedWhereTheyAreStored) {
  memory.put_string(self + offset("name"), "");
  const std::uint64_t name = memory.allocate(16);
  memory.put_string(name, "/users/17/posts?x=1");
  put("name", name);
  ProbeBuilder builder(kFunction);
  builder.signature(kSignature)
      .label("x", config::ValueLabel{.within = {},
                                     .value = support::expression("j.name"),
                                     .transforms = {{.kind = config::Transform::Kind::kGroupPath}},
                                     .max_length = 128});
  const ProbePlan plan = support::plan_of(builder, facts);
  ASSERT_EQ(support::reason_of(plan), "");
  PlannedCall call(&plan, &memory);
  call.enter({self});
  EXPECT_EQ(call.label("x"), "/users/*/posts");
  ProbeBuilder number(kFunction);
  number.signature(kSignature)
      .label("x", config::ValueLabel{.within = {},
                                     .value = support::expression("j.tries"),
                                     .transforms = {{.kind = config::Transform::Kind::kGroupPath}},
                                     .max_length = 128});
  EXPECT_THAT(support::reason_of(support::plan_of(number, facts)), HasSubstr("group: path needs a string"));
}

// What the call fills in is not there at its entry.
TEST_F(OptionalValue, ReadAtEntryHasANote) {
  const auto notes_of = [this](const std::string& expression, config::RecordKind kind) {
    ProbeBuilder builder(kFunction);
    builder.signature(kSignature).label("x", expression).record("calls", kind);
    const ProbePlan plan = support::plan_of(builder, facts);
    EXPECT_EQ(support::reason_of(plan), "");
    return plan.probes.empty() ? "" : testing::PrintToString(plan.probes.front().notes);
  };
  constexpr const char* kNote =
      "label x is read when the call begins; if the call sets what it reads, write at_return(j.name)";
  EXPECT_THAT(notes_of("j.name", config::RecordKind::kDuration), HasSubstr(kNote));
  EXPECT_THAT(notes_of("j.name", config::RecordKind::kCount), testing::Not(HasSubstr("at_return")));
  EXPECT_THAT(notes_of("at_return(j.name)", config::RecordKind::kDuration), testing::Not(HasSubstr("write")));
  EXPECT_THAT(notes_of("j.name", config::RecordKind::kInFlight), testing::Not(HasSubstr("at_return")));
}

}  // namespace
}  // namespace plan
