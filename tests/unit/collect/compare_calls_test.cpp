#include "collect/compare_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace collect {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kServe = 0x1000;
constexpr std::uint64_t kNested = 0x2000;
constexpr std::uint64_t kStep = 0x3000;

// Probes 1 and 2 count calls of serve and nested, 3 the outermost of nested, 4 measures step.
const std::vector<FollowedFunction> kFunctions = {
    {.probe = 1, .function = 0, .entry = kServe, .is_gauge = true},
    {.probe = 2, .function = 1, .entry = kNested, .is_gauge = true},
    {.probe = 3, .function = 1, .entry = kNested, .outermost = true},
    {.probe = 4, .function = 2, .entry = kStep},
};

RawFrame recorded(std::uint64_t goroutine, std::uint16_t probe, std::uint16_t function, std::uint32_t depth,
                  std::uint64_t start_ns = 1000) {
  return {.probe = probe, .function = function, .goroutine = goroutine, .depth = depth, .start_ns = start_ns};
}

GoroutineWalk walk_of(std::vector<WalkedFrame> frames, bool is_whole = true) {
  GoroutineWalk walk;
  walk.goroutines = {{.id = 7, .address = 0x100, .is_whole = is_whole, .frames = std::move(frames)}};
  return walk;
}

std::vector<std::pair<int, std::uint32_t>> probes_and_depths(const std::vector<RawFrame>& frames) {
  std::vector<std::pair<int, std::uint32_t>> found;
  for (const RawFrame& frame : frames) {
    found.emplace_back(frame.probe, frame.depth);
  }
  return found;
}

TEST(CompareCalls, FindsNothingWhereBothAgree) {
  const std::vector<RawFrame> frames = {recorded(7, 1, 0, 100), recorded(7, 4, 2, 300)};
  const CallComparison found =
      compare_calls(kFunctions, walk_of({{kServe, 100}, {kStep, 300}}), frames, frames);
  EXPECT_THAT(found.missing, IsEmpty());
  EXPECT_THAT(found.gone, IsEmpty());
  EXPECT_THAT(found.unclear, IsEmpty());
}

TEST(CompareCalls, WhatOnlyTheStackHasIsMissingFromGauges) {
  const CallComparison found = compare_calls(
      kFunctions, walk_of({{kServe, 100}, {kNested, 200}, {kNested, 250}, {kStep, 300}}), {}, {});
  EXPECT_THAT(probes_and_depths(found.missing),
              ElementsAre(std::pair(1, 100U), std::pair(2, 200U), std::pair(3, 200U), std::pair(2, 250U)));
}

TEST(CompareCalls, ACallThatIsRecordedAtItsPlaceIsNotMissing) {
  const std::vector<RawFrame> after = {recorded(7, 1, 0, 100), recorded(7, 2, 1, 250),
                                       recorded(7, 3, 1, 250)};
  const CallComparison found =
      compare_calls(kFunctions, walk_of({{kServe, 100}, {kNested, 200}, {kNested, 250}}), {}, after);
  // Of nested calls one counts already: that it is not the outermost makes no difference to the gauge.
  EXPECT_THAT(probes_and_depths(found.missing), ElementsAre(std::pair(2, 200U)));
}

TEST(CompareCalls, WhatOnlyTheRecordHasIsGone) {
  const std::vector<RawFrame> frames = {recorded(7, 1, 0, 100), recorded(7, 2, 1, 200),
                                        recorded(7, 4, 2, 300)};
  // serve runs at another depth: that is another call.
  const CallComparison found =
      compare_calls(kFunctions, walk_of({{kServe, 96}, {kNested, 200}}), frames, frames);
  EXPECT_THAT(probes_and_depths(found.gone), ElementsAre(std::pair(1, 100U), std::pair(4, 300U)));
}

TEST(CompareCalls, WhatCameOrWentMeanwhileIsNotGone) {
  const std::vector<RawFrame> before = {recorded(7, 1, 0, 100, 1000), recorded(7, 4, 2, 300, 1000)};
  const std::vector<RawFrame> after = {recorded(7, 1, 0, 100, 2000), recorded(7, 2, 1, 200, 2000)};
  EXPECT_THAT(compare_calls(kFunctions, walk_of({}), before, after).gone, IsEmpty());
}

TEST(CompareCalls, AGoroutineThatIsNotThereHasEnded) {
  const std::vector<RawFrame> frames = {recorded(8, 1, 0, 100)};
  EXPECT_THAT(probes_and_depths(compare_calls(kFunctions, walk_of({}), frames, frames).gone),
              ElementsAre(std::pair(1, 100U)));
}

TEST(CompareCalls, AGoroutineThatCannotBeReadTellsNothing) {
  const std::vector<RawFrame> frames = {recorded(7, 1, 0, 100)};
  const CallComparison found = compare_calls(kFunctions, walk_of({{kNested, 200}}, false), frames, frames);
  EXPECT_THAT(found.missing, IsEmpty());
  EXPECT_THAT(found.gone, IsEmpty());
  EXPECT_THAT(found.unclear, ElementsAre(7U));
}

TEST(CompareCalls, ThreadsAndFunctionsThatAreNotFollowedAreLeftAlone) {
  const std::vector<RawFrame> frames = {recorded((std::uint64_t{1} << 63U) | 5, 1, 0, 100),
                                        recorded(7, 9, 0, 100)};
  EXPECT_THAT(compare_calls(kFunctions, walk_of({}), frames, frames).gone, IsEmpty());
}

}  // namespace
}  // namespace collect
