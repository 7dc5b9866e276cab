#include "plan/match/match_functions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/match/nearest_functions.hpp"
#include "support/facts_builder.hpp"
#include "support/plan_runner.hpp"
#include "support/result_matchers.hpp"

namespace plan {
namespace {

using base::ErrorCode;
using support::FactsBuilder;
using support::IsError;
using testing::ElementsAre;
using testing::HasSubstr;

class Matching : public testing::Test {
 protected:
  base::Result<std::vector<std::string>> names(std::vector<std::string> alternatives) {
    ASSIGN_OR_RETURN(const MatchedFunctions matched, match_functions(facts.facts(), alternatives));
    notes = matched.notes;
    missing = matched.missing;
    std::vector<std::string> found;
    for (const std::uint32_t index : matched.functions) {
      found.push_back(facts.facts().functions[index].name);
    }
    return found;
  }

  FactsBuilder facts;
  std::vector<std::string> notes;
  std::vector<std::string> missing;
};

TEST_F(Matching, UsesTheFirstAlternativeThatExists) {
  facts.function("x/mq.(*mq).Publish");
  EXPECT_THAT(names({"x/mq.(*client).Publish", "x/mq.(*mq).Publish"}).value(),
              ElementsAre("x/mq.(*mq).Publish"));
}

TEST_F(Matching, MatchesPatternsButNotWhatTheCompilerMade) {
  facts.function("x/h.(*Handler).Login");
  facts.function("x/h.(*Handler).Login.func1");
  facts.function("x/h.(*Handler).Login-fm");
  facts.function("x/h.(*Handler).Logout");
  facts.function("x/other.F");
  EXPECT_THAT(names({"x/h.(*Handler).*"}).value(),
              ElementsAre("x/h.(*Handler).Login", "x/h.(*Handler).Logout"));
  EXPECT_THAT(names({"x/h.(*Handler).{Login,Gone}"}).value(), ElementsAre("x/h.(*Handler).Login"));
  EXPECT_THAT(names({"x/h.(*Handler).Login.func*"}).value(), ElementsAre("x/h.(*Handler).Login.func1"));
}

TEST_F(Matching, SaysWhichAlternativeOfBracesMatchesNothing) {
  facts.function("x/h.(*Handler).Login");
  facts.function("x/h.(*Handler).Logout");
  EXPECT_THAT(names({"x/h.(*Handler).{Login,Logot}"}).value(), ElementsAre("x/h.(*Handler).Login"));
  EXPECT_THAT(missing,
              ElementsAre("no function x/h.(*Handler).Logot in this binary; nearest: x/h.(*Handler).Logout, "
                          "x/h.(*Handler).Login"));
  EXPECT_THAT(
      names({"x/h.(*Handler).{Logim,Logot}"}),
      IsError(ErrorCode::kNotFound,
              HasSubstr(
                  "no function x/h.(*Handler).{Logim,Logot} in this binary; nearest: x/h.(*Handler).Login")));
}

TEST_F(Matching, MatchesAllInstantiationsOfAGenericFunction) {
  facts.function("x/g.Max[go.shape.int]");
  facts.function("x/g.Max[go.shape.string]");
  EXPECT_THAT(names({"x/g.Max"}).value(), ElementsAre("x/g.Max[go.shape.int]", "x/g.Max[go.shape.string]"));
}

TEST_F(Matching, MatchesAllInstantiationsWhereTheyHaveOneName) {
  facts.function("x/g.(*Set[...]).Add");
  facts.function("x/g.(*Set[...]).Add");
  const std::uint32_t wrapper = facts.function("x/g.(*Set[...]).Add");
  facts.facts().functions[wrapper].wrapper = true;
  EXPECT_EQ(names({"x/g.(*Set[...]).Add"}).value().size(), 2U);
}

TEST_F(Matching, ProbesTheWrapperThatHoldsTheBodyOfAGenericMethodToo) {
  const std::uint32_t method = facts.function("x/g.(*Set[go.shape.int]).Add");
  const std::uint32_t wrapper = facts.function("x/g.(*Set[int]).Add");
  facts.facts().functions[wrapper].wrapper = true;
  EXPECT_THAT(names({"x/g.(*Set).Add"}).value(), ElementsAre("x/g.(*Set[go.shape.int]).Add"));
  facts.details(method).inlined_into = {"x/g.(*Set[int]).Add", "x/g.caller"};
  EXPECT_THAT(names({"x/g.(*Set).Add"}).value(),
              ElementsAre("x/g.(*Set[go.shape.int]).Add", "x/g.(*Set[int]).Add"));
}

TEST_F(Matching, ProbesTheWrappersWhereTheGenericMethodIsGone) {
  const std::uint32_t wrapper = facts.function("x/g.(*Set[int]).Add");
  facts.facts().functions[wrapper].wrapper = true;
  EXPECT_THAT(names({"x/g.(*Set[...]).Add"}).value(), ElementsAre("x/g.(*Set[int]).Add"));
}

TEST_F(Matching, TakesNamesAsTheLinkerAndStackTracesWriteThem) {
  facts.function("github.com/nats-io/nats.go.(*Conn).publish");
  facts.function("x/g.(*Set[go.shape.int]).Add");
  EXPECT_THAT(names({"github.com/nats-io/nats%2ego.(*Conn).publish"}).value(),
              ElementsAre("github.com/nats-io/nats.go.(*Conn).publish"));
  EXPECT_THAT(names({"x/g.(*Set[...]).Add"}).value(), ElementsAre("x/g.(*Set[go.shape.int]).Add"));
}

TEST_F(Matching, PrefersTheInternalAbiOfTwoFunctionsWithOneName) {
  const std::uint32_t assembly = facts.function("x/b.Count");
  facts.facts().functions[assembly].assembly = true;
  const std::uint32_t real = facts.function("x/b.Count");
  const std::array<std::string, 1> name = {"x/b.Count"};
  EXPECT_THAT(match_functions(facts.facts(), name)->functions, ElementsAre(real));
}

TEST_F(Matching, ProbesTheWrapperThatHoldsTheBodyOfAValueMethodToo) {
  const std::uint32_t method = facts.function("x/v.T.M");
  facts.function("x/v.(*T).M");
  EXPECT_THAT(names({"x/v.T.M"}).value(), ElementsAre("x/v.T.M"));
  facts.details(method).inlined_into = {"x/v.(*T).M"};
  EXPECT_THAT(names({"x/v.T.M"}).value(), ElementsAre("x/v.T.M", "x/v.(*T).M"));
  EXPECT_THAT(notes, ElementsAre("x/v.(*T).M holds a copy of the method and is probed too"));
}

TEST_F(Matching, ProbesTheWrapperWhereTheValueMethodIsGone) {
  facts.function("x/v.(*T).M");
  EXPECT_THAT(names({"x/v.T.M"}).value(), ElementsAre("x/v.(*T).M"));
  EXPECT_THAT(notes, ElementsAre(HasSubstr("x/v.T.M is not there")));
}

TEST_F(Matching, NamesTheNearestFunctions) {
  facts.function("github.com/x/logic/service.(*ChatService).SendMessage");
  facts.function("github.com/x/logic/service.(*ChatService).Sendmessages");
  facts.function("github.com/x/unrelated.F");
  EXPECT_THAT(names({"github.com/x/service.(*ChatService).SendMessage"}),
              IsError(ErrorCode::kNotFound,
                      "no function github.com/x/service.(*ChatService).SendMessage in this binary; nearest: "
                      "github.com/x/logic/service.(*ChatService).SendMessage, "
                      "github.com/x/logic/service.(*ChatService).Sendmessages"));
}

TEST_F(Matching, SaysThatAFunctionIsInlinedEverywhere) {
  facts.facts().inlined_only.emplace("x/p.(*Client).Enqueue", 2);
  EXPECT_THAT(names({"x/p.(*Client).Enqueue"}),
              IsError(ErrorCode::kNotFound,
                      HasSubstr("every call of x/p.(*Client).Enqueue is inlined (in 2 functions)")));
}

TEST_F(Matching, FindsInlinedCopiesOfFunctionsWithABodyAndWithout) {
  const std::uint32_t send = facts.function("x/p.(*Client).Send");
  facts.facts().inlined_copies["x/p.(*Client).Send"] = {{.caller = "x/p.A"}};
  facts.facts().inlined_copies["x/p.(*Client).Stop"] = {{.caller = "x/p.A"}, {.caller = "x/p.B"}};
  facts.facts().inlined_copies["x/p.other"] = {{.caller = "x/p.A"}};
  const std::vector<std::string> pattern = {"x/p.(*Client).*"};
  const auto matched = match_functions(facts.facts(), pattern, true);
  EXPECT_THAT(matched->functions, ElementsAre(send));
  EXPECT_THAT(matched->inlined, ElementsAre("x/p.(*Client).Send", "x/p.(*Client).Stop"));
  EXPECT_THAT(match_functions(facts.facts(), pattern)->inlined, testing::IsEmpty());
}

// A wrapper is probed as a whole; its copy would count the call twice.
TEST_F(Matching, LeavesOutTheCopyInAWrapper) {
  facts.facts().inlined_copies["x/p.T.M"] = {{.caller = "x/p.(*T).M"}, {.caller = "x/p.A"}};
  const std::vector<inspect::InlinedCopy> copies = copies_of(facts.facts(), "x/p.T.M");
  ASSERT_EQ(copies.size(), 1U);
  EXPECT_EQ(copies[0].caller, "x/p.A");
}

TEST_F(Matching, RefusesAPatternThatMatchesTooMuch) {
  for (int i = 0; i < 201; ++i) {
    facts.function("x/many.F" + std::to_string(i));
  }
  EXPECT_THAT(
      names({"x/many.*"}),
      IsError(ErrorCode::kUnsupported, "x/many.* matches 201 functions, more than 200; make it narrower"));
}

TEST_F(Matching, FindsTheNearestOfManyNames) {
  inspect::BinaryFacts large;
  for (int i = 0; i < 100000; ++i) {
    inspect::Function function;
    function.name = "github.com/x/package" + std::to_string(i % 97) + ".(*Type).Method" + std::to_string(i);
    large.functions.push_back(std::move(function));
  }
  EXPECT_EQ(nearest_functions(large, "github.com/x/moved/package71.(*Typ).Method99399").front(),
            "github.com/x/package71.(*Type).Method99399");
}

TEST(WantedFunctions, NamesWhatTheConfigMentionsAndWhatFramesNeed) {
  support::ProbeBuilder builder("x/a.T.M");
  builder.within("w", "x/b.(*R).Get", "ret0.Type");
  builder.config().services[0].identity.push_back({.name = "id",
                                                   .functions = {"x/c.{F,G}"},
                                                   .signature = {},
                                                   .value = support::expression("recv.id"),
                                                   .position = {}});
  const inspect::Wanted wanted = wanted_functions(builder.config());
  for (const char* name : {"x/a.T.M", "x/a.(*T).M", "x/a.T[go.shape.int].M", "x/b.(*R).Get", "x/c.F", "x/c.G",
                           "runtime.recovery", "runtime.Goexit"}) {
    EXPECT_TRUE(wanted.details(name)) << name;
  }
  for (const char* name : {"x/a.T.N", "x/c.H", "", "runtime.gopanic"}) {
    EXPECT_FALSE(wanted.details(name)) << name;
  }
  EXPECT_FALSE(wanted.inlined_copies) << "no probe asks for them";
}

TEST(WantedFunctions, NamesWhoseInlinedCopiesAreCounted) {
  support::ProbeBuilder builder("x/a.(*T).M");
  builder.config().probes[0].inlined = true;
  const inspect::Wanted wanted = wanted_functions(builder.config());
  EXPECT_TRUE(wanted.inlined_copies("x/a.(*T).M"));
  EXPECT_FALSE(wanted.inlined_copies("runtime.Goexit"));
}

}  // namespace
}  // namespace plan
