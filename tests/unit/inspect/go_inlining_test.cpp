#include "inspect/go/go_inlining.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "inspected_file.hpp"
#include "support/elf_builder.hpp"
#include "support/go_fixture.hpp"
#include "support/result_matchers.hpp"

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

constexpr VirtualAddress kFuncData{0x600000};

template <class... Words>
std::string words(Words... values) {
  std::string bytes;
  for (const std::uint32_t value : {static_cast<std::uint32_t>(values)...}) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return bytes;
}

// A function of 16 bytes: the first inlined call has the first four of them, the second one the next four.
// `tree` is runtime.inlinedCall twice.
std::vector<std::byte> program_with(std::uint32_t magic, const std::string& tree) {
  constexpr std::uint32_t kNone = 0xffffffff;
  const std::string pc_values("\0\x02\x04\x02\x04\x03\x08\0", 8);  // 0 up to 4, 1 up to 8, -1 up to 16
  const bool has_start_line = magic == 0xfffffff1;
  std::string table = words(magic, 0x08010000, 1, 0, 0, 0, 0, 0);  // of one function
  table += words(72, 0, 80, 0, 80, 0, 80, 0, 88, 0);  // where names, units, files, pc values, functions are
  table += std::string("\0main.f\0", 8) + pc_values;
  table += words(0, 12, 16);  // the function's entry, its record, its end
  table += words(0, 1, 0, 0, 0, 0, 0, 3, 0);
  table += (has_start_line ? words(7) : "") + words(0x04000000);  // four kinds of function data
  table += words(0, 0, 1, kNone, kNone, kNone, 0);
  return support::ElfBuilder()
      .data(0x500000, table, table.size())
      .data(value_of(kFuncData), tree, tree.size())
      .build();
}

// runtime/symtabinl.go. Where nothing is looked for stands 77.
TEST(GoInlining, KnowsTheTreesOfEachVersion) {
  struct Case {
    std::string version;
    std::uint32_t magic;
    std::string tree;
  };

  const std::vector<Case> cases = {
      // parent, funcID; file; line; name; parentPc
      {"1.18 and 1.19", 0xfffffff0, words(77, 77, 77, 300, 9, 77, 77, 77, 100, 12)},
      // funcID; name; parentPc; startLine
      {"1.20 and newer", 0xfffffff1, words(77, 300, 9, 77, 77, 100, 12, 77)},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.version);
    const std::vector<std::byte> file = program_with(test.magic, test.tree);
    ASSERT_OK_AND_ASSIGN(const ElfImage image, ElfImage::parse(file));
    ASSERT_OK_AND_ASSIGN(const GoFunctionTable functions, GoFunctionTable::find(image));
    const GoInlining inlining(image, functions, kFuncData);
    EXPECT_THAT(inlining.callees(functions.record(0)), ElementsAre(100U, 300U));
    const std::vector<InlinedCall> calls = inlining.calls(functions.record(0));
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_EQ(calls[0].name, 300U);
    EXPECT_EQ(calls[0].mark, 9U);
    EXPECT_EQ(calls[1].name, 100U);
    EXPECT_EQ(calls[1].mark, 12U);
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
