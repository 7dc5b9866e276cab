#include "attach/series_slabs.hpp"

#include <gtest/gtest.h>

namespace attach {
namespace {

struct Case {
  std::uint32_t series_limit;
  std::uint32_t slots;  // of a slab
  std::uint32_t slabs;
};

// Few slabs, as each is a descriptor; small ones, as each is memory on all CPUs; never larger than the limit
// needs.
TEST(SeriesSlabs, AreASixteenthOfTheLimitButNotTiny) {
  for (const Case& each :
       {Case{1, 1, 1}, Case{2, 2, 1}, Case{11, 16, 1}, Case{64, 64, 1}, Case{65, 64, 2}, Case{1001, 64, 16},
        Case{1024, 64, 16}, Case{1025, 128, 9}, Case{16001, 1024, 16}, Case{1'000'001, 65536, 16}}) {
    EXPECT_EQ(1U << slab_shift_of(each.series_limit), each.slots) << each.series_limit;
    EXPECT_EQ(slabs_of(each.series_limit), each.slabs) << each.series_limit;
  }
}

}  // namespace
}  // namespace attach
