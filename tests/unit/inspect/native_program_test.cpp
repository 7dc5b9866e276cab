#include "inspect/native/native_program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "inspected_file.hpp"
#include "support/temp_dir.hpp"

namespace inspect {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kSource = R"(
struct point { int x; short y; const char *name; struct point *next; };
__attribute__((noinline)) int several(int a, int b) {
  if (a > 3) { __asm__ volatile(""); return b; }
  if (b > 7) { __asm__ volatile("nop"); return a * b; }
  return a - b;
}
__attribute__((noinline)) int tail(struct point *p, double weight) { return several(p->x, (int)weight); }
int main(int argc, char **argv) { struct point p = {argc, 2, argv[0], 0}; return tail(&p, 2.5) + several(argc, 9); }
)";

class NativeProgram : public ::testing::Test {
 protected:
  std::string compiled(const std::string& options) {
    const std::string source = dir_.write("program.c", kSource);
    const std::string program = (dir_.path() / "program").string();
    lines_of("gcc " + options + " -o " + program + " " + source);
    return program;
  }

  support::TempDir dir_;
};

TEST_F(NativeProgram, FindsTheFunctionsThatNmLists) {
  const std::string program = compiled("-O2 -fcf-protection");
  const BinaryFacts facts = facts_of(program);
  EXPECT_EQ(facts.runtime, Runtime::kNative);
  EXPECT_FALSE(facts.stripped);
  std::size_t compared = 0;
  // "0000000000001139 000000000000001b T several"
  for (const std::string& line : lines_of("nm -S --defined-only " + program)) {
    std::istringstream words(line);
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::string kind;
    std::string name;
    if (words >> std::hex >> address >> size >> kind >> name && (kind == "T" || kind == "t")) {
      const auto found = std::ranges::find(facts.functions, name, &Function::name);
      ASSERT_NE(found, facts.functions.end()) << name;
      EXPECT_EQ(value_of(found->entry), address);
      EXPECT_EQ(found->size, size);
      EXPECT_EQ(found->runtime, Runtime::kNative);
      ++compared;
    }
  }
  EXPECT_GE(compared, 3U);
}

TEST_F(NativeProgram, ProbesBehindEndbr64AndAtEachReturn) {
  const std::string program = compiled("-O2 -fcf-protection");
  const BinaryFacts facts = facts_of(program, [](std::string_view name) { return name == "several"; });
  const std::map<std::uint64_t, std::string> instructions = instructions_by_objdump(program);
  const NamedFunction several = function_named(facts, "several");
  EXPECT_EQ(instructions.at(value_of(several.function->entry)), "endbr64");
  EXPECT_EQ(value_of(*several.details->entry_site), value_of(several.function->entry) + 4);
  EXPECT_GE(several.details->return_sites.size(), 2U);
  for (const VirtualAddress address : several.details->return_sites) {
    EXPECT_EQ(instructions.at(value_of(address)), "ret");
  }
  EXPECT_THAT(several.details->no_returns, IsEmpty());
}

TEST_F(NativeProgram, ReportsTailCalls) {
  const BinaryFacts facts = facts_of(compiled("-O2"), [](std::string_view name) { return name == "tail"; });
  EXPECT_THAT(function_named(facts, "tail").details->no_returns, HasSubstr("jump to another function"));
}

TEST_F(NativeProgram, HasParametersFromDebugInformation) {
  const BinaryFacts facts =
      facts_of(compiled("-O2 -g"), [](std::string_view name) { return name == "tail"; });
  const NamedFunction tail = function_named(facts, "tail");
  ASSERT_TRUE(tail.details->debug_signature.has_value());
  const DebugSignature& signature = *tail.details->debug_signature;
  ASSERT_EQ(signature.parameters.size(), 2U);
  EXPECT_EQ(signature.parameters[0].name, "p");
  const Type& pointer = facts.types[signature.parameters[0].type];
  ASSERT_EQ(pointer.kind, TypeKind::kPointer);
  const Type& point = facts.types[pointer.element];
  EXPECT_EQ(point.size, 24U);
  ASSERT_EQ(point.fields.size(), 4U);
  EXPECT_EQ(point.fields[2].name, "name");
  EXPECT_EQ(point.fields[2].offset, 8U);
  EXPECT_EQ(point.fields[3].type, signature.parameters[0].type);
  EXPECT_EQ(facts.types[signature.parameters[1].type].kind, TypeKind::kFloat);
  ASSERT_EQ(signature.results.size(), 1U);
  EXPECT_EQ(facts.types[signature.results[0].type].kind, TypeKind::kInt);
}

}  // namespace
}  // namespace inspect
