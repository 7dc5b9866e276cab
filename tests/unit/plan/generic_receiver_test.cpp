#include "plan/language/go/generic_receiver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/plan_runner.hpp"
#include "support/result_matchers.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using support::FactsBuilder;
using support::IsError;
using support::TypeId;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// type Set[T comparable] struct { Name string; First T; Count int; Items map[T]int }
class GenericReceivers : public testing::Test {
 protected:
  TypeId instantiate(const std::string& argument, TypeId type) {
    return facts.structure("x.org/app", "app.Set[" + argument + "]",
                           {{"Name", facts.string},
                            {"First", type},
                            {"Count", facts.integer},
                            {"Items", facts.map(type, facts.integer)}});
  }

  base::Result<TypeId> receiver_of(const std::string& function) {
    lookup.emplace(facts.facts().types);
    const FunctionName name = parse_function_name(
        function, [this](std::string_view package) { return lookup->has_package(package); });
    return generic_receiver(*lookup, name, function);
  }

  // The fields that are in doubt.
  std::set<std::string> doubts_of(const std::string& function) {
    const base::Result<TypeId> type = receiver_of(function);
    EXPECT_TRUE(type.has_value()) << function;
    const Doubts* const doubts = type ? lookup->doubts_about(*type) : nullptr;
    return doubts == nullptr ? std::set<std::string>{} : doubts->fields;
  }

  FactsBuilder facts;
  std::optional<TypeLookup> lookup;
};

constexpr const char* kOfInt = "x.org/app.(*Set[go.shape.int]).Add";
constexpr const char* kOfString = "x.org/app.(*Set[go.shape.string]).Add";
constexpr const char* kOfPointer = "x.org/app.(*Set[go.shape.*uint8]).Add";
constexpr const char* kOfAny = "x.org/app.(*Set[...]).Add";

TEST_F(GenericReceivers, AreTheInstantiationThatIsItsOwnShape) {
  const TypeId ints = instantiate("int", facts.integer);
  const TypeId strings = instantiate("string", facts.string);
  EXPECT_EQ(receiver_of(kOfInt).value_or(TypeId::kNone), ints);
  EXPECT_EQ(receiver_of(kOfString).value_or(TypeId::kNone), strings);
  EXPECT_EQ(receiver_of("x.org/app.(*Set[int]).Add").value_or(TypeId::kNone), ints);
}

TEST_F(GenericReceivers, HaveTheFieldsBeforeThoseOfATypeParameterWhereNoInstantiationFits) {
  instantiate("string", facts.string);
  EXPECT_THAT(doubts_of(kOfInt), ElementsAre("Count", "First", "Items", "Name"));  // Name may be a T
  instantiate("int", facts.integer);
  EXPECT_THAT(doubts_of("x.org/app.(*Set[go.shape.int16]).Add"), ElementsAre("Count", "First", "Items"));
  EXPECT_THAT(doubts_of(kOfAny), ElementsAre("Count", "First", "Items"));
}

TEST_F(GenericReceivers, HaveAllFieldsWithoutTypeParametersWhereAnInstantiationOfThatLayoutIsKnown) {
  const TypeId number = facts.basic("app.Number", inspect::TypeKind::kInt, 8, "x.org/app");
  instantiate("x.org/app.Number", number);
  EXPECT_THAT(doubts_of(kOfInt), ElementsAre("First", "Items"));
  EXPECT_THAT(doubts_of("x.org/app.(*Set[go.shape.int32]).Add"), ElementsAre("Count", "First", "Items"));
}

TEST_F(GenericReceivers, OfPointersSayNothingOfWhatThePointersPointTo) {
  const TypeId item = facts.structure("x.org/app", "app.Item", {{"id", facts.integer}});
  instantiate("*x.org/app.Item", facts.pointer(item));
  EXPECT_THAT(doubts_of(kOfPointer), ElementsAre("First", "Items"));
}

TEST_F(GenericReceivers, DoubtWhatDiffersInTypesOfTheSameShape) {
  const TypeId number = facts.basic("app.Number", inspect::TypeKind::kInt, 8, "x.org/app");
  instantiate("int", facts.integer);
  instantiate("x.org/app.Number", number);
  EXPECT_THAT(doubts_of(kOfInt), ElementsAre("First", "Items"));
}

// A local type is written with a number where it is an argument, and without one elsewhere.
TEST_F(GenericReceivers, KnowALocalTypeByItsName) {
  const TypeId local = facts.structure("x.org/app", "app.local", {{"a", facts.integer}});
  instantiate("x.org/app.local\u00b71", local);
  EXPECT_THAT(doubts_of(kOfAny), ElementsAre("Count", "First", "Items"));
}

TEST_F(GenericReceivers, LookAtEachOfSeveralTypeArguments) {
  facts.structure(
      "x.org/app", "app.Pair[string,map[string]int]",
      {{"Key", facts.string}, {"Size", facts.uint32}, {"Value", facts.map(facts.string, facts.integer)}});
  EXPECT_THAT(doubts_of("x.org/app.(*Pair[go.shape.string,go.shape.map[string]int]).Do"), IsEmpty());
  EXPECT_THAT(doubts_of("x.org/app.(*Pair[go.shape.string,go.shape.*uint8]).Do"),
              ElementsAre("Key", "Size", "Value"));
}

// map[string]int spells both arguments, but is the same for both.
TEST_F(GenericReceivers, HaveAFieldThatIsTheSameForDifferentArguments) {
  const TypeId index = facts.map(facts.string, facts.integer);
  facts.structure("x.org/app", "app.Table[int]", {{"Index", index}, {"Last", facts.integer}});
  EXPECT_THAT(doubts_of("x.org/app.(*Table[...]).Do"), ElementsAre("Index", "Last"));
  facts.structure("x.org/app", "app.Table[string]", {{"Index", index}, {"Last", facts.string}});
  EXPECT_THAT(doubts_of("x.org/app.(*Table[...]).Do"), ElementsAre("Last"));
}

TEST_F(GenericReceivers, PassedByValueNeedALayout) {
  const TypeId ints = instantiate("int", facts.integer);
  EXPECT_EQ(receiver_of("x.org/app.Set[go.shape.int].Len").value_or(TypeId::kNone), ints);
  EXPECT_THAT(
      receiver_of("x.org/app.Set[go.shape.string].Len"),
      IsError(ErrorCode::kUnsupported,
              "its receiver is passed by value, and how it is laid out cannot be told: the binary's type "
              "metadata has app.Set[int]"));
  EXPECT_THAT(
      receiver_of("x.org/app.Gone[go.shape.int].Len"),
      IsError(ErrorCode::kNotFound, "receiver type x.org/app.Gone is not in the binary's type metadata"));
}

TEST_F(GenericReceivers, AreReadInAPlanOrRefusedByField) {
  instantiate("string", facts.string);
  instantiate("int", facts.integer);
  facts.function(kOfAny, 24);
  support::ProbeBuilder builder("x.org/app.(*Set[...]).Add");
  builder.label("name", "recv.Name").record("calls", config::RecordKind::kCount);
  const ProbePlan plan = support::plan_of(builder, facts);
  EXPECT_EQ(support::reason_of(plan), "");
  EXPECT_THAT(plan.probes.at(0).reads.at(0).paths, ElementsAre("recv RAX -> app.Set[...] .Name +0 string"));
  builder.label("count", "recv.Count");
  EXPECT_THAT(
      support::reason_of(support::plan_of(builder, facts)),
      HasSubstr("where app.Set[...].Count lies or what type it has depends on type arguments that the binary "
                "does not tell: its type metadata has app.Set[string], app.Set[int]; name a field"));
}

}  // namespace
}  // namespace plan
