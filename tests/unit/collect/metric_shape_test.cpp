#include "collect/metric_shape.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace collect {
namespace {

using testing::ElementsAre;

using Bounds = std::vector<double>;

TEST(Rebucket, MergesBucketsWhoseBoundIsLeftOut) {
  const std::vector<std::uint64_t> counts{1, 2, 4, 8};
  EXPECT_THAT(rebucket(counts, Bounds{10, 20, 30}, Bounds{10, 20, 30}), ElementsAre(1, 2, 4, 8));
  EXPECT_THAT(rebucket(counts, Bounds{10, 20, 30}, Bounds{20}), ElementsAre(3, 12));
  EXPECT_THAT(rebucket(counts, Bounds{10, 20, 30}, Bounds{10, 30}), ElementsAre(1, 6, 8));
  EXPECT_THAT(rebucket(counts, Bounds{10, 20, 30}, Bounds{}), ElementsAre(15));
}

TEST(Rebucket, NeedsBoundsThatWereThere) {
  EXPECT_TRUE(can_rebucket(Bounds{1, 2, 5}, Bounds{1, 5}));
  EXPECT_TRUE(can_rebucket(Bounds{}, Bounds{}));
  EXPECT_FALSE(can_rebucket(Bounds{1, 2, 5}, Bounds{1, 3}));
  EXPECT_FALSE(can_rebucket(Bounds{1, 5}, Bounds{1, 2, 5}));
}

}  // namespace
}  // namespace collect
