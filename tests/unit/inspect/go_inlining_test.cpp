#include "inspect/go_inlining.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "inspected_file.hpp"
#include "support/go_fixture.hpp"

namespace inspect {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

bool inlines(const support::GoBuild& build) {
  return build.flavour != "unoptimized";
}

TEST(GoInlining, CountsFunctionsThatHaveOnlyCopies) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build));
    if (inlines(build)) {
      // firstCaller and secondCaller hold a copy each; the fixture calls it nowhere else.
      EXPECT_THAT(facts.inlined_only, Contains(Pair("main.copied", 2U)));
    } else {
      EXPECT_THAT(facts.inlined_only, Not(Contains(Key("main.copied"))));
    }
  }
}

TEST(GoInlining, NamesTheCallersOfWantedFunctions) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts =
        facts_of(support::built(build), [](std::string_view name) { return name == "main.shared"; });
    const NamedFunction shared = function_named(facts, "main.shared");
    if (inlines(build)) {
      EXPECT_THAT(shared.details->inlined_into, ElementsAre("main.firstCaller"));
      EXPECT_EQ(shared.function->inlined_copies, 1U);
    } else {
      EXPECT_THAT(shared.details->inlined_into, IsEmpty());
      EXPECT_EQ(shared.function->inlined_copies, 0U);
    }
  }
}

// The compiler's own report of what it inlined is the second opinion.
TEST(GoInlining, AgreesWithTheCompilersReport) {
  const std::string sources = std::string(UPROBE_EXPORTER_GO_FIXTURES) + "/inspect_fixture";
  int reported = 0;
  for (const std::string& line :
       lines_of("cd " + sources + " && GOTOOLCHAIN=local go build -gcflags=-m -o /dev/null . 2>&1")) {
    reported += line.find("inlining call to copied") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(reported, 2);
}

}  // namespace
}  // namespace inspect
