#include "plan/compile/metric_units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace plan {
namespace {

using testing::ElementsAre;

TEST(WholeBounds, MakesNanosecondsOfMilliseconds) {
  // 0.1 ms is no whole number of ns in binary, but is meant as one.
  EXPECT_THAT(whole_bounds({0.1, 0.25, 1, 2500}, 1e6), ElementsAre(100000, 250000, 1000000, 2500000000));
}

TEST(WholeBounds, RoundsDownWhatNoWholeNumberReaches) {
  EXPECT_THAT(whole_bounds({0.5, 2.5, 10, -0.5}, 1), ElementsAre(0, 2, 10, -1));
}

TEST(WholeBounds, StaysInRange) {
  EXPECT_THAT(whole_bounds({1e300, -1e300}, 1e9), ElementsAre(std::numeric_limits<std::int64_t>::max(),
                                                              std::numeric_limits<std::int64_t>::min()));
}

TEST(NanosecondsPer, KnowsTheUnitsOfTime) {
  EXPECT_EQ(nanoseconds_per("ns"), 1);
  EXPECT_EQ(nanoseconds_per("us"), 1e3);
  EXPECT_EQ(nanoseconds_per("ms"), 1e6);
  EXPECT_EQ(nanoseconds_per("s"), 1e9);
  EXPECT_EQ(nanoseconds_per("bytes"), std::nullopt);
}

}  // namespace
}  // namespace plan
