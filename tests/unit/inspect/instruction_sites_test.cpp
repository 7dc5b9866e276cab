#include "inspect/code/instruction_sites.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "inspected_file.hpp"
#include "support/go_fixture.hpp"
#include "support/result_matchers.hpp"

namespace inspect {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kEntry = 0x1000;

InstructionSites sites_in(std::string_view bytes, std::optional<std::vector<PcValue>> deltas,
                          bool is_go_wrapper = false) {
  const base::Result<SiteFinder> finder = SiteFinder::open();
  FunctionCode code;
  code.bytes = base::ByteView(std::as_bytes(std::span(bytes)));
  code.entry = static_cast<VirtualAddress>(kEntry);
  if (deltas) {
    code.stack_deltas = *deltas;
  }
  code.is_go_wrapper = is_go_wrapper;
  return finder->sites_of(code);
}

VirtualAddress at(std::uint64_t offset) {
  return static_cast<VirtualAddress>(kEntry + offset);
}

// cmp rsp, [r14+16]; jbe +4; push rbp; mov rbp, rsp; pop rbp; ret; int3
constexpr std::string_view kFramed = "\x49\x3b\x66\x10\x76\x04\x55\x48\x89\xe5\x5d\xc3\xcc\xcc";

TEST(InstructionSites, ProbesTheInstructionThatAllocatesTheFrame) {
  const InstructionSites sites = sites_in(kFramed, {{{7, 0}, {11, 8}, {14, 0}}});
  EXPECT_EQ(sites.entry_site, at(6));
  EXPECT_EQ(sites.entry_instruction, "push rbp");
  EXPECT_THAT(sites.return_sites, ElementsAre(at(11)));
  EXPECT_THAT(sites.unusable, IsEmpty());
  EXPECT_THAT(sites.no_returns, IsEmpty());
}

// The kernel emulates a jump, and has to step what allocates the frames of Go 1.20 and before.
TEST(InstructionSites, ProbesTheStackCheckBeforeAnAllocationThatIsStepped) {
  // cmp rsp, [r14+16]; jbe +9; sub rsp, 24; add rsp, 24; ret; call; jmp to the entry
  const InstructionSites near_by = sites_in(
      std::string_view(
          "\x49\x3b\x66\x10\x76\x09\x48\x83\xec\x18\x48\x83\xc4\x18\xc3\xe8\x00\x00\x00\x00\xeb\xea", 22),
      {{{10, 0}, {14, 24}, {22, 0}}});
  EXPECT_EQ(near_by.entry_site, at(4));
  EXPECT_EQ(near_by.entry_instruction, "jbe 0x100f");
  // lea r12, [rsp-1000]; cmp r12, [r14+16]; jbe +9 (in six bytes); sub rsp, 24; add rsp, 24; ret; call
  const InstructionSites far_away =
      sites_in(std::string_view("\x4c\x8d\xa4\x24\x18\xfc\xff\xff\x4d\x3b\x66\x10\x0f\x86\x09\x00\x00\x00"
                                "\x48\x83\xec\x18\x48\x83\xc4\x18\xc3\xe8\x00\x00\x00\x00",
                                32),
               {{{22, 0}, {26, 24}, {32, 0}}});
  EXPECT_EQ(far_away.entry_site, at(12));
}

TEST(InstructionSites, ProbesTheAllocationWhereItHasNoStackCheckOfItsOwn) {
  // sub rsp, 24; add rsp, 24; ret
  EXPECT_EQ(sites_in("\x48\x83\xec\x18\x48\x83\xc4\x18\xc3", {{{4, 0}, {8, 24}, {9, 0}}}).entry_site, at(0));
  // je +2, which decides something else; ...
  EXPECT_EQ(
      sites_in("\x74\x08\x48\x83\xec\x18\x48\x83\xc4\x18\xc3", {{{6, 0}, {10, 24}, {11, 0}}}).entry_site,
      at(2));
  // jbe +8; nop; sub rsp, 24; ...
  EXPECT_EQ(
      sites_in("\x76\x09\x90\x48\x83\xec\x18\x48\x83\xc4\x18\xc3", {{{7, 0}, {11, 24}, {12, 0}}}).entry_site,
      at(3));
  // jbe +9; sub rsp, 24; add rsp, 24; ret; jmp to the sub
  EXPECT_EQ(sites_in("\x76\x09\x48\x83\xec\x18\x48\x83\xc4\x18\xc3\xeb\xf5", {{{6, 0}, {10, 24}, {13, 0}}})
                .entry_site,
            at(2));
  // jbe out of the function; sub rsp, 24; ...
  EXPECT_EQ(
      sites_in("\x76\x70\x48\x83\xec\x18\x48\x83\xc4\x18\xc3", {{{6, 0}, {10, 24}, {11, 0}}}).entry_site,
      at(2));
}

TEST(InstructionSites, ProbesTheFirstInstructionOfAFunctionWithoutAFrame) {
  const InstructionSites sites = sites_in("\x31\xd8\xc3", {{{3, 0}}});
  EXPECT_EQ(sites.entry_site, at(0));
  EXPECT_EQ(sites.entry_instruction, "xor eax, ebx");
  EXPECT_THAT(sites.return_sites, ElementsAre(at(2)));
}

TEST(InstructionSites, RefusesReturnsWithAFrameLeft) {
  const InstructionSites sites = sites_in(kFramed, {{{7, 0}, {14, 8}}});
  EXPECT_THAT(sites.return_sites, IsEmpty());
  EXPECT_EQ(sites.no_returns, "its return at 0x100b has 8 bytes of stack left, so its frame cannot be told");
}

TEST(InstructionSites, ReportsJumpsToOtherFunctions) {
  // jmp +0x100
  const InstructionSites direct = sites_in(std::string_view("\xe9\x00\x01\x00\x00", 5), {{{5, 0}}});
  EXPECT_THAT(direct.no_returns, HasSubstr("ends in a jump to another function"));
  // jmp rcx: a switch table, but in a wrapper the call that it wraps
  EXPECT_THAT(sites_in("\xff\xe1\xc3", {{{3, 0}}}).no_returns, IsEmpty());
  EXPECT_THAT(sites_in("\xff\xe1\xc3", {{{3, 0}}}, true).no_returns, HasSubstr("jump to another function"));
}

// What GCC splits off a function ("name.cold") returns in its own right, and is looked at as part of it.
TEST(InstructionSites, TakesJumpsToOwnPartsForNoEnd) {
  const std::array<VirtualAddress, 2> parts = {at(0x900), at(0x105)};
  FunctionCode code;
  code.bytes = base::ByteView(std::as_bytes(std::span(std::string_view("\xe9\x00\x01\x00\x00\xc3", 6))));
  code.entry = static_cast<VirtualAddress>(kEntry);
  const base::Result<SiteFinder> finder = SiteFinder::open();
  EXPECT_THAT(finder->sites_of(code).no_returns, HasSubstr("jump to another function"));
  code.own_parts = std::span(parts).first(1);
  EXPECT_THAT(finder->sites_of(code).no_returns, HasSubstr("jump to another function"));
  code.own_parts = parts;
  EXPECT_THAT(finder->sites_of(code).no_returns, IsEmpty());
  EXPECT_THAT(finder->sites_of(code).return_sites, ElementsAre(at(5)));
}

// The compiler may move what it spills to the stack; the rest of memory is what others see.
TEST(InstructionSites, TellsStoresFromSpills) {
  struct Case {
    std::string_view bytes;
    bool stores;
  };

  const std::array<Case, 6> cases = {{
      {"\x48\x89\x44\x24\x08", false},  // mov [rsp+8], rax
      {"\x48\x89\x45\xf8", false},      // mov [rbp-8], rax
      {"\x48\x89\x18", true},           // mov [rax], rbx
      {"\xff\x43\x08", true},           // inc dword [rbx+8]
      {"\x48\x8b\x18", false},          // mov rbx, [rax]
      {"\x48\x39\x18", false},          // cmp [rax], rbx
  }};
  const base::Result<SiteFinder> finder = SiteFinder::open();
  for (const Case& test : cases) {
    FunctionCode code;
    code.bytes = base::ByteView(std::as_bytes(std::span(test.bytes)));
    const std::vector<CodeInstruction> instructions = finder->instructions_of(code);
    ASSERT_EQ(instructions.size(), 1U);
    EXPECT_EQ(instructions[0].stores, test.stores) << instructions[0].text;
  }
}

TEST(InstructionSites, SaysWhyThereAreNoReturns) {
  EXPECT_EQ(sites_in("\x0f\x0b", {{{2, 0}}}).no_returns,
            "it has no return instruction: it never returns, or panics");
  EXPECT_THAT(sites_in("\x90\x06\xc3", {{{3, 0}}}).no_returns,
              HasSubstr("bytes at 0x1001 are no known instruction"));
}

TEST(InstructionSites, RefusesInstructionsThatUprobesRefuse) {
  struct Case {
    std::string_view bytes;
    std::string_view reason;
  };

  const std::array<Case, 4> cases = {{
      {"\xf0\xff\x03\xc3", "a lock prefix"},
      {"\x0f\x05\xc3", "a system instruction"},
      {"\x62\xf1\x7c\x48\x28\xc1\xc3", "an EVEX prefix (AVX-512)"},
      {"\xf4\xc3", "a trap or halt"},
  }};
  for (const Case& test : cases) {
    const InstructionSites sites = sites_in(test.bytes, {{{8, 0}}});
    EXPECT_THAT(sites.unusable, HasSubstr(std::string(test.reason)));
  }
}

TEST(InstructionSites, RefusesAFrameThatBeginsInsideAnInstruction) {
  const InstructionSites sites = sites_in(kFramed, {{{8, 0}, {11, 8}, {14, 0}}});
  EXPECT_EQ(sites.entry_site, std::nullopt);
  EXPECT_EQ(sites.unusable, "no instruction ends where its stack frame begins");
}

TEST(InstructionSites, HasNothingForNoBytes) {
  const InstructionSites sites = sites_in("", {{}});
  EXPECT_EQ(sites.unusable, "it has no instructions");
}

// Every RET that objdump sees, and no other, in more than a hundred functions of each version.
TEST(InstructionSites, FindsTheReturnsThatObjdumpFinds) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build), [](std::string_view name) {
      return name.starts_with("main.") || name.starts_with("fmt.") || name.starts_with("strconv.") ||
             name.starts_with("reflect.");
    });
    const std::map<std::uint64_t, std::string> instructions =
        instructions_by_objdump(support::built(unstripped(build)));
    EXPECT_GT(facts.details.size(), 100U);
    for (const auto& [index, details] : facts.details) {
      const Function& function = facts.functions[index];
      std::vector<VirtualAddress> expected;
      const auto end = instructions.lower_bound(value_of(function.entry) + function.size);
      for (auto place = instructions.lower_bound(value_of(function.entry)); place != end; ++place) {
        if (place->second.starts_with("ret")) {
          expected.push_back(static_cast<VirtualAddress>(place->first));
        }
      }
      EXPECT_EQ(details.return_sites, expected) << function.name;
    }
  }
}

// Go 1.21 and newer begin each frame with "push %rbp", older ones with "sub $N,%rsp" (or "add $-128,%rsp"),
// nearly always right after the jump of a stack check.
TEST(InstructionSites, FindsTheFrameAllocationThatObjdumpShows) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(build), [](std::string_view name) {
      return name.starts_with("main.") || name.starts_with("fmt.");
    });
    const std::map<std::uint64_t, std::string> instructions =
        instructions_by_objdump(support::built(unstripped(build)));
    std::size_t framed = 0;
    std::size_t checked = 0;
    for (const auto& [index, details] : facts.details) {
      const Function& function = facts.functions[index];
      ASSERT_TRUE(details.entry_site.has_value()) << function.name << ": " << details.unusable;
      const std::string& text = instructions.at(value_of(*details.entry_site));
      const auto is_allocation = [&build](const std::string& instruction) {
        return build.minor() >= 21 ? instruction == "push   %rbp"
                                   : (instruction.starts_with("sub ") && instruction.ends_with(",%rsp")) ||
                                         instruction == "add    $0xffffffffffffff80,%rsp";
      };
      auto first = instructions.lower_bound(value_of(function.entry));
      const auto end = instructions.lower_bound(value_of(function.entry) + function.size);
      while (first != end && !is_allocation(first->second)) {
        ++first;
      }
      if (first == end) {
        EXPECT_EQ(*details.entry_site, function.entry) << function.name << " has no frame";
        continue;
      }
      const bool is_checked = build.minor() < 21 && first->first != value_of(function.entry) &&
                              std::prev(first)->second.starts_with("jbe ");
      const std::uint64_t expected = is_checked ? std::prev(first)->first : first->first;
      EXPECT_EQ(value_of(*details.entry_site), expected) << function.name << ": " << text;
      ++framed;
      checked += is_checked ? 1 : 0;
    }
    EXPECT_GT(framed, 50U);
    EXPECT_EQ(checked > 50U, build.minor() < 21);
  }
}

TEST(InstructionSites, RefusesAssembly) {
  const BinaryFacts facts = facts_of(support::built({"1.26.8", "stripped"}),
                                     [](std::string_view name) { return name == "runtime.mcall"; });
  const NamedFunction mcall = function_named(facts, "runtime.mcall");
  EXPECT_THAT(mcall.details->unusable, HasSubstr("arguments are on the stack and R14 is not the goroutine"));
  EXPECT_THAT(mcall.details->no_returns, HasSubstr("SPWRITE"));
}

TEST(InstructionSites, RefusesDurationsWhereNothingReturns) {
  const BinaryFacts facts = facts_of(support::built({"1.26.8", "stripped"}),
                                     [](std::string_view name) { return name == "main.neverReturns"; });
  const NamedFunction function = function_named(facts, "main.neverReturns");
  EXPECT_THAT(function.details->unusable, IsEmpty());
  EXPECT_THAT(function.details->no_returns, HasSubstr("no return instruction"));
}

}  // namespace
}  // namespace inspect
