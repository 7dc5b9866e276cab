#include "units/oldest_start.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace units {
namespace {

discover::Target target_of(const std::vector<std::uint64_t>& starts) {
  discover::Target target;
  for (const std::uint64_t ticks : starts) {
    target.members.push_back({.process = {.pid = 1, .start_time_ticks = ticks}, .services = {"it"}});
  }
  return target;
}

TEST(OldestStart, IsTheFirstOfAllTargets) {
  ASSERT_EQ(::sysconf(_SC_CLK_TCK), 100);
  EXPECT_EQ(oldest_start_ns(std::vector{target_of({700, 500}), target_of({}), target_of({600})}),
            5'000'000'000U);
}

TEST(OldestStart, IsNothingWhereNothingRuns) {
  EXPECT_EQ(oldest_start_ns({}), 0U);
  EXPECT_EQ(oldest_start_ns(std::vector{target_of({})}), 0U);
}

}  // namespace
}  // namespace units
