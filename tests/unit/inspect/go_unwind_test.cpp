#include "inspect/go/go_unwind.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "inspected_file.hpp"
#include "support/go_fixture.hpp"
#include "support/result_matchers.hpp"

namespace inspect {
namespace {

using base::ErrorCode;
using support::IsError;

GoUnwind unwind_of(const base::MappedFile& file) {
  base::Result<GoUnwind> unwind = GoUnwind::read(file.bytes());
  if (!unwind) {
    throw std::runtime_error(unwind.error().message);
  }
  return std::move(*unwind);
}

VirtualAddress address(std::uint64_t value) {
  return static_cast<VirtualAddress>(value);
}

// What "sub $0x40,%rsp" and "add $0xffffffffffffff80,%rsp" do to the stack delta.
std::optional<std::int64_t> delta_by(const std::string& instruction) {
  const std::size_t dollar = instruction.find("$0x");
  if (!instruction.ends_with(",%rsp") || dollar == std::string::npos) {
    return std::nullopt;
  }
  const auto number = static_cast<std::int64_t>(std::stoull(instruction.substr(dollar + 1), nullptr, 16));
  if (instruction.starts_with("sub")) {
    return number;
  }
  return instruction.starts_with("add") ? std::optional(-number) : std::nullopt;
}

// The instructions themselves say how they move the stack pointer: what objdump shows against the table.
TEST(GoUnwind, FollowsWhatTheInstructionsDo) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const base::MappedFile file = mapped(support::built(build));
    const GoUnwind unwind = unwind_of(file);
    const BinaryFacts facts = facts_of(support::built(build));
    const auto instructions = instructions_by_objdump(support::built(unstripped(build)));
    std::size_t changes = 0;
    for (const Function& function : facts.functions) {
      if (!function.name.starts_with("main.") || function.assembly || function.runtime == Runtime::kNative) {
        continue;
      }
      const auto last = instructions.lower_bound(value_of(function.entry) + function.size);
      for (auto at = instructions.lower_bound(value_of(function.entry)); at != last && std::next(at) != last;
           ++at) {
        if (std::next(at)->second == "int3") {
          break;  // padding up to the next function
        }
        const auto here = unwind.at(address(at->first));
        ASSERT_TRUE(here.has_value()) << function.name;
        EXPECT_EQ(here->entry, function.entry);
        const auto next = unwind.at(address(std::next(at)->first));
        ASSERT_TRUE(next.has_value()) << function.name;
        if (const auto by = delta_by(at->second)) {
          EXPECT_EQ(std::int64_t{next->stack_delta}, std::int64_t{here->stack_delta} + *by)
              << function.name << " " << std::hex << at->first << " " << at->second;
          ++changes;
        } else if (at->second.starts_with("push ") || at->second.starts_with("pushq ")) {
          EXPECT_EQ(next->stack_delta, here->stack_delta + 8) << function.name;
        } else if (at->second.starts_with("ret")) {
          EXPECT_EQ(here->stack_delta, 0U) << function.name;
        }
      }
    }
    EXPECT_GT(changes, 20U);
  }
}

TEST(GoUnwind, KnowsWhereStacksEndAndWhereTheyCannotBeFollowed) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const base::MappedFile file = mapped(support::built(build));
    const GoUnwind unwind = unwind_of(file);
    std::map<std::string, VirtualAddress> entries;
    for (const Function& function : facts_of(support::built(build)).functions) {
      entries.emplace(function.name, function.entry);
    }
    const auto at = [&](const char* name, std::uint64_t offset) {
      return unwind.at(address(value_of(entries.at(name)) + offset)).value();
    };
    EXPECT_TRUE(at("runtime.goexit", 0).is_top);
    EXPECT_TRUE(at("runtime.mstart", 0).is_top);
    EXPECT_FALSE(at("main.main", 0).is_top);
    EXPECT_TRUE(at("runtime.asyncPreempt", 0).was_injected);
    EXPECT_TRUE(at("runtime.sigpanic", 0).was_injected);
    EXPECT_FALSE(at("runtime.gopanic", 0).was_injected);
    EXPECT_FALSE(at("runtime.systemstack", 0).is_followable);
    EXPECT_TRUE(at("main.main", 0).is_followable);
  }
}

TEST(GoUnwind, HasNothingOutsideOfTheCode) {
  const base::MappedFile file = mapped(support::built({"1.26.8", "stripped"}));
  const GoUnwind unwind = unwind_of(file);
  for (const std::uint64_t wrong :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0x1000}, ~std::uint64_t{0}, std::uint64_t{1} << 63U,
        std::uint64_t{0xc000000000}}) {
    EXPECT_EQ(unwind.at(address(wrong)), std::nullopt) << wrong;
  }
}

TEST(GoUnwind, SurvivesATruncatedFile) {
  const base::MappedFile file = mapped(support::built({"1.26.8", "stripped"}));
  const auto facts = facts_of(support::built({"1.26.8", "stripped"}));
  for (std::size_t percent = 0; percent < 100; ++percent) {
    const auto unwind = GoUnwind::read(file.bytes().first(file.bytes().size() * percent / 100));
    if (unwind) {
      for (const Function& function : facts.functions) {
        (void)unwind->at(address(value_of(function.entry) + 9));
      }
    }
  }
  EXPECT_FALSE(GoUnwind::read({}).has_value());
}

TEST(GoUnwind, IsNotThereInOtherPrograms) {
  const base::MappedFile file = mapped("/bin/true");
  EXPECT_THAT(GoUnwind::read(file.bytes()), IsError(ErrorCode::kNotFound, ::testing::HasSubstr("pclntab")));
}

// runtime.allgs is one of what allgadd uses, whatever the version; the symbol table of the same program says
// where.
TEST(GoUnwind, CandidatesHoldTheListOfGoroutines) {
  for (const support::GoBuild& build : support::go_builds()) {
    SCOPED_TRACE(build.name());
    const BinaryFacts facts = facts_of(support::built(unstripped(build)));
    const auto symbols = symbols_by_go_nm(support::built(unstripped(build)), "DdBb");
    for (const char* name : {"runtime.allgs", "runtime.allgptr", "runtime.allglen"}) {
      const auto symbol = symbols.find(name);
      ASSERT_NE(symbol, symbols.end()) << name;
      EXPECT_THAT(facts.goroutine_list_candidates, ::testing::Contains(address(symbol->second))) << name;
    }
    EXPECT_LT(facts.goroutine_list_candidates.size(), 30U);
    EXPECT_EQ(facts_of(support::built(build)).goroutine_list_candidates.empty(), false);
  }
}

}  // namespace
}  // namespace inspect
