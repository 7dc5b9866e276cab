#include "units/unit_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <utility>

namespace units {
namespace {

using enum UnitState;
using enum UnitEvent;

UnitState after(UnitState state, std::initializer_list<UnitEvent> events) {
  for (const UnitEvent event : events) {
    state = next_state(state, event).value_or(state);
  }
  return state;
}

TEST(UnitState, LivesFromTheFirstProcessToTheTotals) {
  EXPECT_EQ(after(kFound, {kPlanned}), kInspected);
  EXPECT_EQ(after(kFound, {kPlanned, kOpened}), kAttached);
  EXPECT_EQ(after(kFound, {kPlanned, kOpened, kAbandoned}), kRetiring);
  EXPECT_EQ(after(kFound, {kPlanned, kOpened, kAbandoned, kFolded}), kGone);
}

TEST(UnitState, IsAttachedAgainAfterItsFileWasOverwritten) {
  EXPECT_EQ(after(kAttached, {kWriterWaits}), kSuspended);
  EXPECT_EQ(after(kAttached, {kWriterWaits, kReattached}), kAttached);
}

TEST(UnitState, ComesBackFromASuccessorThatEnded) {
  EXPECT_EQ(after(kAttached, {kSuccessorCounts}), kSuperseded);
  EXPECT_EQ(after(kAttached, {kSuccessorCounts, kSuccessorGone}), kSuspended);
}

TEST(UnitState, AnEventThatDoesNotConcernItChangesNothing) {
  EXPECT_EQ(next_state(kRetiring, kReplaced), std::nullopt);
  EXPECT_EQ(next_state(kGone, kOpened), std::nullopt);
  EXPECT_EQ(next_state(kSuperseded, kWriterWaits), std::nullopt);
}

TEST(UnitState, EachEventLeadsFromAStateToOneOther) {
  std::set<std::pair<UnitState, UnitEvent>> seen;
  for (const Transition& transition : transitions()) {
    EXPECT_TRUE(seen.emplace(transition.from, transition.event).second)
        << name_of(transition.from) << ": " << name_of(transition.event);
    EXPECT_NE(transition.from, transition.to);
    EXPECT_NE(transition.from, kGone);
  }
}

}  // namespace
}  // namespace units
