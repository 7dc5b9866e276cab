#include "plan/match/brace_alternatives.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plan {
namespace {

using testing::ElementsAre;

TEST(BraceAlternatives, AreTheNamesThatAPatternStandsFor) {
  EXPECT_THAT(brace_alternatives("x/h.(*Handler).{Login,Logout}"),
              ElementsAre("x/h.(*Handler).Login", "x/h.(*Handler).Logout"));
  EXPECT_THAT(brace_alternatives("x/{a,b}.{F,G}"), ElementsAre("x/a.F", "x/a.G", "x/b.F", "x/b.G"));
  EXPECT_THAT(brace_alternatives("x.{A{1,2},B}"), ElementsAre("x.A1", "x.A2", "x.B"));
}

TEST(BraceAlternatives, AreThePatternItselfWithoutBracesThatSeparate) {
  EXPECT_THAT(brace_alternatives("x/h.F"), ElementsAre("x/h.F"));
  EXPECT_THAT(brace_alternatives("x/h.F[struct {}]"), ElementsAre("x/h.F[struct {}]"));
  EXPECT_THAT(brace_alternatives("x/h.{F,G"), ElementsAre("x/h.{F,G"));
  EXPECT_THAT(brace_alternatives(""), ElementsAre(""));
}

TEST(BraceAlternatives, AreNotTakenApartWhereTheyAreTooMany) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) {
    pattern += "{a,b}";
  }
  EXPECT_THAT(brace_alternatives(pattern), ElementsAre(pattern));
}

}  // namespace
}  // namespace plan
