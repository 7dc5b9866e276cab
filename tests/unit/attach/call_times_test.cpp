#include "attach/call_times.hpp"

#include <gtest/gtest.h>

namespace attach {
namespace {

constexpr CallTimes kWithout{.push = 5, .step = 6, .pair = 7};
constexpr CallTimes kStranger{.push = 605, .step = 3006, .pair = 3507};
constexpr CallTimes kTarget{.push = 905, .step = 3306, .pair = 4307};

TEST(CostsOf, SubtractsTheCallItself) {
  const auto costs = costs_of(kWithout, kStranger, kTarget);
  ASSERT_TRUE(costs.has_value()) << costs.error().message;
  EXPECT_EQ(*costs, (HitCosts{.emulated_entry = {.target_ns = 900, .stranger_ns = 600},
                              .stepped_entry = {.target_ns = 3300, .stranger_ns = 3000},
                              .at_return = {.target_ns = 3400, .stranger_ns = 2900},
                              .is_measured = true}));
}

TEST(CostsOf, RefusesWhatCannotBe) {
  const auto message = [](const CallTimes& stranger, const CallTimes& target) {
    const auto costs = costs_of(kWithout, stranger, target);
    return costs ? "none" : costs.error().message;
  };
  CallTimes disturbed = kTarget;
  disturbed.push = 4;
  EXPECT_EQ(message(kStranger, disturbed), "a hit of -1 ns makes no sense");
  disturbed = kTarget;
  disturbed.step = 2'000'006;
  EXPECT_EQ(message(kStranger, disturbed), "a hit of 2000000 ns makes no sense");
  disturbed = kStranger;
  disturbed.pair = disturbed.push;
  EXPECT_EQ(message(disturbed, kTarget), "a hit of -2 ns makes no sense");
}

}  // namespace
}  // namespace attach
