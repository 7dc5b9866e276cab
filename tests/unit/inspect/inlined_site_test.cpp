#include "inspect/go/inlined_site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace inspect {
namespace {

using Flow = CodeInstruction::Flow;

// One byte each: the offset is the place in the list.
class InlinedSites : public testing::Test {
 protected:
  CodeInstruction& add(Flow flow = Flow::kNext, std::optional<std::uint64_t> target = std::nullopt) {
    code.push_back({.offset = code.size(), .size = 1, .flow = flow, .target = target, .text = "text"});
    return code.back();
  }

  void add_store() { add().stores = true; }

  InlinedSite found() { return site_of_inlined(code, deltas, call); }

  std::vector<CodeInstruction> code;
  std::vector<PcValue> deltas = {{1, 0}, {100, 16}};
  InlinedCall call{.name = 0, .mark = 1, .body = {{2, 4}}};
};

TEST_F(InlinedSites, AreTheMarkWhereItIsANop) {
  add();
  add().is_nop = true;
  add();
  EXPECT_EQ(found().offset, 1U);
  EXPECT_EQ(found().instruction, "text");
}

TEST_F(InlinedSites, AreTheFirstOfTheBodyWhereTheMarkIsShared) {
  add();
  add();
  add();
  add_store();
  add(Flow::kEnd);
  EXPECT_EQ(found().offset, 2U);
}

TEST_F(InlinedSites, PassOverWhatUprobesRefuse) {
  add();
  add();
  add_store();
  code.back().refusal = "a lock prefix";
  add();
  add(Flow::kEnd);
  EXPECT_EQ(found().offset, 3U);
}

TEST_F(InlinedSites, EndAtACallThatMayNotReturn) {
  add();
  add();
  add(Flow::kCall).refusal = "a reason";
  add();
  add(Flow::kEnd);
  EXPECT_EQ(found().unusable, "uprobes refuse the instructions that it begins with");
}

TEST_F(InlinedSites, MayLieInALoopOfTheCaller) {
  add();
  add();
  add_store();
  add();
  add(Flow::kBranch, 1);
  add(Flow::kEnd);
  EXPECT_EQ(found().offset, 2U);
}

TEST_F(InlinedSites, ExcludeLoopsOfTheBody) {
  add();
  add();
  add_store();
  add(Flow::kBranch, 1);
  add(Flow::kEnd);
  EXPECT_EQ(found().unusable, "its body begins with a loop");
}

TEST_F(InlinedSites, ExcludeBodiesThatAreEnteredInTwoPlaces) {
  add(Flow::kBranch, 3);
  add();
  add_store();
  add_store();
  add(Flow::kEnd);
  EXPECT_EQ(found().unusable, "its body is entered at more than one place");
}

// What has no effect may be computed later, on one of several ways.
TEST_F(InlinedSites, ExcludeBodiesThatTheCompilerMayMove) {
  add();
  add();
  add();
  add();
  add(Flow::kEnd);
  EXPECT_EQ(found().unusable, "no instruction of its body is sure to run once where the call begins");
}

TEST_F(InlinedSites, ExcludeCallersWithUnknownJumps) {
  add();
  add();
  add_store();
  add();
  add(Flow::kJump);
  EXPECT_EQ(found().unusable, "the caller has jumps whose targets are in a table");
}

TEST_F(InlinedSites, ExcludeWhatRunsAgainAfterTheStackHasGrown) {
  deltas = {{3, 0}, {100, 16}};
  add();
  add().is_nop = true;
  add();
  EXPECT_EQ(found().unusable, "it begins before the caller's stack frame, in code that may run twice");
  deltas = {{100, 0}};  // without a frame there is no growth
  EXPECT_EQ(found().offset, 1U);
}

TEST_F(InlinedSites, NeedAMarkThatIsAnInstruction) {
  add().size = 3;
  add(Flow::kEnd).offset = 3;
  EXPECT_EQ(found().unusable, "the mark of where it begins is no instruction");
  code.clear();
  EXPECT_EQ(found().unusable, "the mark of where it begins is no instruction");
}

}  // namespace
}  // namespace inspect
