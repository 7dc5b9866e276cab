#include "units/succession.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>

#include "support/result_matchers.hpp"
#include "support/temp_dir.hpp"

namespace units {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint64_t kNow = 1000 * kSecond;

// Exporters that share a folder; each Succession is one of them, and to destroy it is its death.
class SuccessionTest : public testing::Test {
 protected:
  SuccessionTest() { ::mkdir((dir_.path() / "counting").c_str(), 0700); }

  std::unique_ptr<Succession> exporter() { return std::make_unique<Succession>(dir_.path(), words_); }

  // One that is at work.
  std::unique_ptr<Succession> counting() {
    auto fresh = exporter();
    EXPECT_TRUE(fresh->try_turn(kNow).value());
    fresh->begin_to_count(kNow);
    words_->set(Word::kAlive, kNow);
    return fresh;
  }

  support::TempDir dir_;
  std::shared_ptr<ExporterWords> words_ = open_words({}).value();
};

TEST_F(SuccessionTest, OneHasTheTurn) {
  auto first = counting();
  EXPECT_FALSE(first->has_predecessor());
  auto second = exporter();
  EXPECT_FALSE(second->try_turn(kNow).value());
  first.reset();
  EXPECT_TRUE(second->try_turn(kNow).value());
  EXPECT_FALSE(second->has_predecessor());
}

TEST_F(SuccessionTest, TheTurnIsHandedOverToOneThatAsks) {
  auto first = counting();
  auto second = exporter();
  EXPECT_FALSE(first->is_asked_for_turn());
  second->ask_for_turn();
  EXPECT_TRUE(first->is_asked_for_turn());
  first->hand_over(kNow);
  second->ask_for_turn();  // it is too late for that, and does not undo it
  EXPECT_TRUE(second->try_turn(kNow + kSecond).value());
  EXPECT_TRUE(second->has_predecessor());
  EXPECT_TRUE(second->is_predecessor_counting());
  EXPECT_FALSE(second->is_asked_for_turn());
}

TEST_F(SuccessionTest, OneThatGivesUpAsksNoMore) {
  auto first = counting();
  auto second = exporter();
  second->ask_for_turn();
  second->withdraw();
  EXPECT_FALSE(first->is_asked_for_turn());
  second->ask_for_turn();
  first->hand_over(kNow);
  second->withdraw();  // too late: it is its turn
  EXPECT_TRUE(second->try_turn(kNow).value());
  EXPECT_TRUE(second->has_predecessor());
}

TEST_F(SuccessionTest, OneThatIsStoppingHandsNothingOver) {
  auto first = counting();
  auto second = exporter();
  second->ask_for_turn();
  first.reset();
  EXPECT_TRUE(second->try_turn(kNow).value());
  EXPECT_FALSE(second->has_predecessor());
}

TEST_F(SuccessionTest, OneThatHasHandedOverAndEndedIsNoPredecessor) {
  auto first = counting();
  auto second = exporter();
  first->hand_over(kNow);
  first.reset();
  EXPECT_TRUE(second->try_turn(kNow).value());
  EXPECT_FALSE(second->has_predecessor());
}

TEST_F(SuccessionTest, APredecessorMayEndBeforeItsSuccessorCounts) {
  auto first = counting();
  auto second = exporter();
  first->hand_over(kNow);
  ASSERT_TRUE(second->try_turn(kNow).value());
  first->end_counting();
  EXPECT_TRUE(second->has_predecessor());
  EXPECT_FALSE(second->is_predecessor_counting());
}

TEST_F(SuccessionTest, ASuccessorThatEndsBeforeItCountsGivesTheTurnBack) {
  auto first = counting();
  auto second = exporter();
  first->hand_over(kNow);
  ASSERT_TRUE(second->try_turn(kNow).value());
  EXPECT_EQ(first->look_at_successor(kNow).value(), Successor::kPreparing);
  EXPECT_EQ(first->look_at_successor(kNow + 100 * kSecond).value(), Successor::kPreparing);
  second.reset();
  EXPECT_EQ(first->look_at_successor(kNow).value(), Successor::kGone);
  EXPECT_FALSE(first->has_successor_counted());
  EXPECT_FALSE(exporter()->try_turn(kNow).value());  // it is the first one's again
}

TEST_F(SuccessionTest, ASuccessorThatCountedIsMissedWhenItEnds) {
  auto first = counting();
  auto second = exporter();
  first->hand_over(kNow);
  ASSERT_TRUE(second->try_turn(kNow).value());
  second->begin_to_count(kNow + kSecond);
  EXPECT_EQ(first->look_at_successor(kNow + kSecond).value(), Successor::kCounting);
  EXPECT_EQ(first->look_at_successor(kNow + 11 * kSecond).value(), Successor::kCounting);
  EXPECT_EQ(first->look_at_successor(kNow + 11 * kSecond + 1).value(), Successor::kSilent);
  words_->set(Word::kAlive, kNow + 11 * kSecond);
  EXPECT_EQ(first->look_at_successor(kNow + 12 * kSecond).value(), Successor::kCounting);
  second.reset();
  EXPECT_EQ(first->look_at_successor(kNow + 12 * kSecond).value(), Successor::kGone);
  EXPECT_TRUE(first->has_successor_counted());
}

TEST_F(SuccessionTest, ATurnThatNobodyTakesIsTakenBack) {
  auto first = counting();
  first->hand_over(kNow);
  EXPECT_EQ(first->look_at_successor(kNow + 4 * kSecond).value(), Successor::kPreparing);
  EXPECT_EQ(first->look_at_successor(kNow + 6 * kSecond).value(), Successor::kGone);
  auto second = exporter();
  EXPECT_FALSE(second->try_turn(kNow + 6 * kSecond).value());
}

TEST_F(SuccessionTest, AnOldHandoverIsNotTakenForAFreshOne) {
  auto first = counting();
  auto counts_on = exporter();
  counts_on->begin_to_count(kNow);  // somebody counts, but not the one that handed over
  first->hand_over(kNow);
  first.reset();
  auto second = exporter();
  EXPECT_TRUE(second->try_turn(kNow + 6 * kSecond).value());
  EXPECT_FALSE(second->has_predecessor());
}

TEST_F(SuccessionTest, ATurnIsGivenOnInAProcess) {
  auto first = counting();
  auto heir = exporter();
  heir->use_turn(first->give_turn());
  first.reset();
  EXPECT_FALSE(heir->has_predecessor());
  EXPECT_FALSE(exporter()->try_turn(kNow).value());
}

TEST_F(SuccessionTest, AFolderThatIsNotThereIsAnError) {
  Succession lost(dir_.path() / "gone", words_);
  EXPECT_FALSE(lost.try_turn(kNow).has_value());
}

}  // namespace
}  // namespace units
