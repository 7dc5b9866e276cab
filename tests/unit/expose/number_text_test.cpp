#include "expose/number_text.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <locale>
#include <random>

#include "support/run_command.hpp"

namespace expose {
namespace {

TEST(NumberText, IsShortAndReadable) {
  struct Case {
    double number;
    const char* text;
    const char* float_text;
  };

  const Case cases[] = {
      {0, "0", "0.0"},
      {-0.0, "-0", "-0.0"},
      {1, "1", "1.0"},
      {-17, "-17", "-17.0"},
      {0.1, "0.1", "0.1"},
      {0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"},
      {1234567.5, "1234567.5", "1234567.5"},
      {9007199254740992, "9007199254740992", "9007199254740992.0"},
      {1e15, "1000000000000000", "1000000000000000.0"},
      {1e21, "1e+21", "1e+21"},
      {1e-7, "1e-07", "1e-07"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308", "1.7976931348623157e+308"},
      {std::numeric_limits<double>::denorm_min(), "5e-324", "5e-324"},
      {std::numeric_limits<double>::infinity(), "+Inf", "+Inf"},
      {-std::numeric_limits<double>::infinity(), "-Inf", "-Inf"},
      {std::numeric_limits<double>::quiet_NaN(), "NaN", "NaN"},
      {-std::numeric_limits<double>::quiet_NaN(), "NaN", "NaN"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(number_text(c.number), c.text);
    EXPECT_EQ(float_text(c.number), c.float_text);
  }
}

TEST(NumberText, GivesTheSameNumberBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const auto number = std::bit_cast<double>(random());
    if (std::isfinite(number)) {
      EXPECT_EQ(std::strtod(number_text(number).c_str(), nullptr), number);
    }
  }
}

// Where a decimal comma is the rule, of the C library's and of C++'s locale.
TEST(NumberText, KnowsNoLocale) {
  const support::TempDir dir;
  const support::CommandResult built =
      support::run_command("localedef -i de_DE -f UTF-8 " + (dir.path() / "de_DE.UTF-8").string());
  ASSERT_EQ(built.status, 0) << built.output;
  ::setenv("LOCPATH", dir.path().c_str(), 1);
  ASSERT_NE(std::setlocale(LC_ALL, "de_DE.UTF-8"), nullptr);
  const std::locale before = std::locale::global(std::locale("de_DE.UTF-8"));
  EXPECT_EQ(fmt::format("{:L}", 1234.5), "1.234,5") << "the locale is not in force";
  EXPECT_EQ(number_text(1234567.5), "1234567.5");
  EXPECT_EQ(float_text(1e15), "1000000000000000.0");
  std::locale::global(before);
  std::setlocale(LC_ALL, "C");
  ::unsetenv("LOCPATH");
}

}  // namespace
}  // namespace expose
