#include "units/budget.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace units {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

// A day without a clock: seconds since some start.
Budget::Time at(int second) {
  return Budget::Time(seconds(second));
}

config::ProbeConfig config_of(std::optional<double> cores) {
  config::ProbeConfig config;
  config.services.resize(2);
  config.services[0].name = "shop";
  config.services[1].name = "cart";
  config.budget = {.cores = cores, .window = seconds(10), .retry_after = seconds(60)};
  return config;
}

// Costs so far, in seconds of CPU time.
ProbeCosts costs(double dear, double cheap, double cart = 0, double strangers = 0) {
  return {{{"shop", "dear"}, {.target_seconds = dear, .stranger_seconds = 0}},
          {{"shop", "cheap"}, {.target_seconds = cheap, .stranger_seconds = strangers}},
          {{"cart", "dear"}, {.target_seconds = cart, .stranger_seconds = 0}}};
}

Budget budget_of(const config::ProbeConfig& config) {
  Budget budget;
  budget.use(config);
  return budget;
}

TEST(Budget, DetachesTheDearestProbeOfTheServiceThatBreaksIt) {
  Budget budget = budget_of(config_of(0.05));
  EXPECT_TRUE(budget.decide(at(0), costs(100, 100)).is_empty());
  EXPECT_TRUE(budget.decide(at(9), costs(101, 100.2)).is_empty()) << "the window is not over";
  const Budget::Decision decision = budget.decide(at(10), costs(101, 100.2, 0.4));
  ASSERT_EQ(decision.detach.size(), 1U);
  const BudgetBreak& found = decision.detach[0];
  EXPECT_EQ(found.probe, (ProbeId{"shop", "dear"}));
  EXPECT_FALSE(found.is_of_strangers);
  EXPECT_NEAR(found.cores, 0.12, 1e-9);
  EXPECT_NEAR(found.probe_cores, 0.1, 1e-9);
  EXPECT_EQ(found.limit, 0.05);
  EXPECT_EQ(found.pause, seconds(60));
  EXPECT_THAT(budget.detached("shop"), ElementsAre("dear"));
  EXPECT_THAT(budget.detached("cart"), IsEmpty());
  EXPECT_EQ(budget.detaches().at({"shop", "dear"}), 1U);
}

TEST(Budget, IsBrokenByProbesThatAreWithinItEach) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0));
  const Budget::Decision decision = budget.decide(at(10), costs(0.4, 0.3));
  ASSERT_EQ(decision.detach.size(), 1U);
  EXPECT_EQ(decision.detach[0].probe, (ProbeId{"shop", "dear"}));
  EXPECT_NEAR(decision.detach[0].cores, 0.07, 1e-9);
  EXPECT_NEAR(decision.detach[0].probe_cores, 0.04, 1e-9);
}

TEST(Budget, LetsPassWhatIsWithinIt) {
  Budget budget = budget_of(config_of(0.05));
  for (int window = 0; window < 5; ++window) {
    EXPECT_TRUE(budget.decide(at(window * 10), costs(0.3 * window, 0.2 * window, 0.5 * window)).is_empty());
  }
}

TEST(Budget, LooksAtARateAndNotAtASum) {
  Budget budget = budget_of(config_of(0.05));
  EXPECT_TRUE(budget.decide(at(0), costs(0, 0)).is_empty());
  // Half a second within a minute, as nobody looked before.
  EXPECT_TRUE(budget.decide(at(60), costs(0.5, 0)).is_empty());
  EXPECT_FALSE(budget.decide(at(70), costs(1.1, 0)).is_empty());
}

TEST(Budget, TakesTheNextOneWhereOneIsNotEnough) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0));
  EXPECT_EQ(budget.decide(at(10), costs(5, 2)).detach[0].probe.probe, "dear");
  EXPECT_EQ(budget.decide(at(20), costs(9, 4)).detach[0].probe.probe, "cheap");
  EXPECT_TRUE(budget.decide(at(30), costs(9, 4)).is_empty());
  EXPECT_THAT(budget.detached("shop"), ElementsAre("cheap", "dear"));
}

TEST(Budget, DoesNotMakeOthersPayForOneThatIsOnItsWayOut) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0));
  EXPECT_EQ(budget.decide(at(10), costs(5, 0.1)).detach[0].probe.probe, "dear");
  // The kernel takes its time to detach.
  EXPECT_TRUE(budget.decide(at(20), costs(7, 0.2)).is_empty());
}

TEST(Budget, OfAServiceComesFirst) {
  config::ProbeConfig config = config_of(0.05);
  config.services[0].budget_cores = 0.5;
  Budget budget = budget_of(config);
  EXPECT_EQ(budget.limit_of("shop"), 0.5);
  EXPECT_EQ(budget.limit_of("cart"), 0.05);
  (void)budget.decide(at(0), costs(0, 0));
  const Budget::Decision decision = budget.decide(at(10), costs(3, 1, 1));
  ASSERT_EQ(decision.detach.size(), 1U);
  EXPECT_EQ(decision.detach[0].probe, (ProbeId{"cart", "dear"}));
}

TEST(Budget, CountsProcessesThatAreNoTargetsTogether) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0));
  const Budget::Decision decision = budget.decide(at(10), costs(0.2, 0, 0, 3));
  ASSERT_EQ(decision.detach.size(), 1U);
  EXPECT_EQ(decision.detach[0].probe, (ProbeId{"shop", "cheap"}));
  EXPECT_TRUE(decision.detach[0].is_of_strangers);
}

TEST(Budget, TriesAgainAndWaitsLongerEachTime) {
  Budget budget = budget_of(config_of(0.05));
  int now = 0;
  double spent = 0;
  (void)budget.decide(at(now), costs(spent, 0));
  std::vector<long> pauses;
  for (int round = 0; round < 8; ++round) {
    const Budget::Decision broken = budget.decide(at(now += 10), costs(spent += 5, 0));
    ASSERT_EQ(broken.detach.size(), 1U);
    const auto pause = static_cast<int>(broken.detach[0].pause.count());
    pauses.push_back(pause);
    EXPECT_TRUE(budget.decide(at(now + pause - 1), costs(spent, 0)).is_empty());
    const Budget::Decision back = budget.decide(at(now += pause), costs(spent, 0));
    EXPECT_THAT(back.retry, ElementsAre(ProbeId{"shop", "dear"}));
    EXPECT_THAT(budget.detached("shop"), IsEmpty());
  }
  EXPECT_THAT(pauses, ElementsAre(60, 120, 240, 480, 960, 1920, 3600, 3600));
  EXPECT_EQ(budget.detaches().at({"shop", "dear"}), 8U);
}

TEST(Budget, ForgetsAProbeThatHasBehaved) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0));
  EXPECT_EQ(budget.decide(at(10), costs(5, 0)).detach[0].pause, seconds(60));
  EXPECT_EQ(budget.decide(at(70), costs(5, 0)).retry.size(), 1U);
  for (int now = 80; now <= 160; now += 10) {
    EXPECT_TRUE(budget.decide(at(now), costs(5, 0)).is_empty());
  }
  EXPECT_EQ(budget.decide(at(170), costs(10, 0)).detach[0].pause, seconds(60));
}

// It came back at 70 and was away for 60 seconds, and a window passes twice before it can be found.
TEST(Budget, ForgetsAfterAsLongAsItWasAwayAndTwoWindows) {
  for (const auto& [broken_at, pause] : {std::pair{140, 120}, std::pair{150, 60}}) {
    Budget budget = budget_of(config_of(0.05));
    (void)budget.decide(at(0), costs(0, 0));
    (void)budget.decide(at(10), costs(5, 0));
    (void)budget.decide(at(70), costs(5, 0));
    (void)budget.decide(at(broken_at - 10), costs(5, 0));
    const Budget::Decision decision = budget.decide(at(broken_at), costs(10, 0));
    ASSERT_EQ(decision.detach.size(), 1U) << broken_at;
    EXPECT_EQ(decision.detach[0].pause, seconds(pause)) << broken_at;
  }
}

TEST(Budget, BeginsANewWindowWhenAProbeComesBack) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0));
  (void)budget.decide(at(10), costs(5, 0));
  EXPECT_TRUE(budget.decide(at(65), costs(5, 0)).is_empty());
  EXPECT_EQ(budget.decide(at(70), costs(5, 0)).retry.size(), 1U);
  EXPECT_TRUE(budget.decide(at(79), costs(9, 0)).is_empty());
  EXPECT_EQ(budget.decide(at(80), costs(9, 0)).detach.size(), 1U);
}

TEST(Budget, OfStrangersBeginsANewWindowTooWhenAProbeComesBack) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0, 0, 0));
  EXPECT_EQ(budget.decide(at(10), costs(0, 0, 0, 5)).detach.size(), 1U);
  EXPECT_TRUE(budget.decide(at(65), costs(0, 0, 0, 5)).is_empty());
  EXPECT_EQ(budget.decide(at(70), costs(0, 0, 0, 5)).retry.size(), 1U);
  EXPECT_TRUE(budget.decide(at(79), costs(0, 0, 0, 9)).is_empty());
  EXPECT_EQ(budget.decide(at(80), costs(0, 0, 0, 9)).detach.size(), 1U);
}

TEST(Budget, NoneIsNoLimit) {
  Budget budget = budget_of(config_of(std::nullopt));
  (void)budget.decide(at(0), costs(0, 0));
  EXPECT_TRUE(budget.decide(at(10), costs(500, 500, 500, 500)).is_empty());
  EXPECT_EQ(budget.limit_of("shop"), std::nullopt);
}

TEST(Budget, AnotherOneBeginsAnewAndTheSameGoesOn) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0));
  (void)budget.decide(at(10), costs(5, 0));
  budget.use(config_of(0.05));
  EXPECT_THAT(budget.detached("shop"), ElementsAre("dear"));
  budget.use(config_of(0.5));
  EXPECT_THAT(budget.detached("shop"), IsEmpty());
  EXPECT_EQ(budget.detaches().at({"shop", "dear"}), 1U) << "a counter";
}

TEST(Budget, AnotherOneForgetsWhatCameBack) {
  Budget budget = budget_of(config_of(0.05));
  (void)budget.decide(at(0), costs(0, 0));
  (void)budget.decide(at(10), costs(5, 0));
  EXPECT_EQ(budget.decide(at(70), costs(5, 0)).retry.size(), 1U);
  budget.use(config_of(0.04));
  (void)budget.decide(at(80), costs(5, 0));
  const Budget::Decision decision = budget.decide(at(90), costs(10, 0));
  ASSERT_EQ(decision.detach.size(), 1U);
  EXPECT_EQ(decision.detach[0].pause, seconds(60));
}

}  // namespace
}  // namespace units
