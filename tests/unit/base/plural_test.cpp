#include "base/plural.hpp"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(Plural, IsOfAllButOne) {
  EXPECT_EQ(plural(0, "probe"), "0 probes");
  EXPECT_EQ(plural(1, "probe"), "1 probe");
  EXPECT_EQ(plural(2, "probe"), "2 probes");
}

}  // namespace
}  // namespace base
