#include "base/byte_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string_view>

namespace base {
namespace {

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

ByteView view_of(std::string_view text) {
  return ByteView(std::as_bytes(std::span(text)));
}

TEST(ByteView, ReadsLittleEndianNumbers) {
  const ByteView view = view_of("\x01\x02\x03\x04\x05");
  EXPECT_EQ(view.at<std::uint32_t>(0), 0x04030201U);
  EXPECT_EQ(view.at<std::uint32_t>(1), 0x05040302U);
  EXPECT_EQ(view.at<std::uint8_t>(4), 5);
}

TEST(ByteView, HasNothingBeyondItsEnd) {
  const ByteView view = view_of("12345");
  EXPECT_EQ(view.at<std::uint32_t>(2), std::nullopt);
  EXPECT_EQ(view.at<std::uint8_t>(kHuge), std::nullopt);
  EXPECT_EQ(view.at<std::uint64_t>(kHuge - 3), std::nullopt);
  EXPECT_FALSE(view.part(1, kHuge).has_value());
  EXPECT_FALSE(view.part(6, 0).has_value());
  EXPECT_TRUE(view.part(5, 0).has_value());
  EXPECT_TRUE(view.rest(5).empty());
  EXPECT_TRUE(view.rest(kHuge).empty());
  EXPECT_EQ(view.first(kHuge).text(), "12345");
}

TEST(ByteView, FindsTheEndOfAString) {
  const ByteView view = view_of(std::string_view("ab\0cd", 5));
  EXPECT_EQ(view.c_string(0, 10), "ab");
  EXPECT_EQ(view.c_string(1, 2), "b");
  EXPECT_EQ(view.c_string(0, 2), std::nullopt);  // the NUL is beyond the limit
  EXPECT_EQ(view.c_string(3, 10), std::nullopt);
}

TEST(ByteReader, StopsForGoodAtTheFirstReadBeyondTheEnd) {
  ByteReader reader(view_of("\x01\x02\x03"));
  EXPECT_EQ(reader.read<std::uint16_t>(), 0x0201);
  EXPECT_EQ(reader.read<std::uint16_t>(), 0);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.read<std::uint8_t>(), 0);
  EXPECT_EQ(reader.remaining(), 1U);
}

TEST(ByteReader, SkipsNoFurtherThanTheEnd) {
  ByteReader reader(view_of("123"));
  reader.skip(kHuge);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.position(), 0U);
}

TEST(ByteReader, ReadsVariableLengthNumbers) {
  ByteReader reader(
      view_of(std::string_view("\x00\x7f\x80\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 14)));
  EXPECT_EQ(reader.read_uvarint(), 0U);
  EXPECT_EQ(reader.read_uvarint(), 127U);
  EXPECT_EQ(reader.read_uvarint(), 128U);
  EXPECT_EQ(reader.read_uvarint(), kHuge);
  EXPECT_TRUE(reader.ok());
}

TEST(ByteReader, RefusesNumbersWithoutAnEnd) {
  ByteReader endless(view_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
  EXPECT_EQ(endless.read_uvarint(), 0U);
  EXPECT_FALSE(endless.ok());
  ByteReader cut(view_of("\xff"));
  cut.read_uvarint();
  EXPECT_FALSE(cut.ok());
}

}  // namespace
}  // namespace base
