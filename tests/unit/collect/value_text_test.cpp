#include "collect/value_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <utility>

#include "collect/transform_label.hpp"

namespace collect {
namespace {

using config::Transform;

// What Go's time.Duration(n).String() gives.
TEST(DurationText, IsGos) {
  const std::array<std::pair<std::int64_t, const char*>, 16> cases{{
      {0, "0s"},
      {1, "1ns"},
      {999, "999ns"},
      {1'000, "1µs"},
      {1'500, "1.5µs"},
      {250'000'000, "250ms"},
      {2'200'000, "2.2ms"},
      {1'000'000'000, "1s"},
      {1'000'000'001, "1.000000001s"},
      {90'000'000'000, "1m30s"},
      {60'000'000'000, "1m0s"},
      {3'600'000'000'000, "1h0m0s"},
      {3'661'250'000'000, "1h1m1.25s"},
      {-1'500, "-1.5µs"},
      {std::numeric_limits<std::int64_t>::max(), "2562047h47m16.854775807s"},
      {std::numeric_limits<std::int64_t>::min(), "-2562047h47m16.854775808s"},
  }};
  for (const auto& [nanoseconds, text] : cases) {
    EXPECT_EQ(duration_text(nanoseconds), text) << nanoseconds;
  }
}

TEST(UuidText, NeedsSixteenBytes) {
  EXPECT_EQ(
      uuid_text(std::string_view("\x00\x10\x20\x30\x40\x50\x60\x70\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0", 16)),
      "00102030-4050-6070-8090-a0b0c0d0e0f0");
  EXPECT_EQ(uuid_text("az"), "617a");
  EXPECT_EQ(uuid_text(""), "");
}

std::string transformed(Transform::Kind kind, std::string text) {
  return transform_label(std::array{Transform{.kind = kind}}, std::move(text));
}

TEST(TransformLabel, WritesValuesAsGoPrograms) {
  EXPECT_EQ(transformed(Transform::Kind::kDuration, "250000000"), "250ms");
  EXPECT_EQ(transformed(Transform::Kind::kDuration, "x"), "x");
  EXPECT_EQ(transformed(Transform::Kind::kDuration, ""), "");
  EXPECT_EQ(transformed(Transform::Kind::kHex, "\xff\x01"), "ff01");
  EXPECT_EQ(transformed(Transform::Kind::kHex, "ab…"), "6162…");
  EXPECT_EQ(transformed(Transform::Kind::kUuid, "ab"), "6162");
}

}  // namespace
}  // namespace collect
