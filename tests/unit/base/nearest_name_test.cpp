#include "base/nearest_name.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace base {
namespace {

TEST(NearestName, MeasuresEdits) {
  struct Case {
    std::string from;
    std::string to;
    std::size_t distance;
  };

  for (const Case& one : std::vector<Case>{{"", "", 0},
                                           {"a", "", 1},
                                           {"", "abc", 3},
                                           {"value", "value", 0},
                                           {"vale", "value", 1},
                                           {"keeep", "keep", 1},
                                           {"stauts", "status", 1},  // neighbours swapped
                                           {"kitten", "sitting", 3}}) {
    EXPECT_EQ(edit_distance(one.from, one.to), one.distance) << one.from << " " << one.to;
    EXPECT_EQ(edit_distance(one.to, one.from), one.distance) << one.to << " " << one.from;
  }
}

TEST(NearestName, FindsWhatWasMeant) {
  const std::vector<std::string> names = {"counter", "histogram", "gauge", "ratio"};
  EXPECT_EQ(nearest_name("countr", names), "counter");
  EXPECT_EQ(nearest_name("Gauge", names), "gauge");
  EXPECT_EQ(nearest_name("histo", names), "histogram");
  EXPECT_EQ(nearest_name("summary", names), std::nullopt);
  EXPECT_EQ(nearest_name("x", names), std::nullopt);
  EXPECT_EQ(nearest_name("x", {}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(100'000, 'x'), names), std::nullopt);
}

TEST(NearestName, EndsAMessage) {
  EXPECT_EQ(did_you_mean("countr", std::vector<std::string>{"counter"}), "; did you mean \"counter\"?");
  EXPECT_EQ(did_you_mean("summary", std::vector<std::string>{"counter"}), "");
}

}  // namespace
}  // namespace base
