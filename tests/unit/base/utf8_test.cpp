#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace base {
namespace {

struct Case {
  const char* name;
  std::string_view bytes;
  std::string_view expected;
};

constexpr std::string_view kR = "\xEF\xBF\xBD";

TEST(ToValidUtf8, KeepsWhatIsValid) {
  for (const std::string_view text : {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                      "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "\x01\x7F\n"}) {
    EXPECT_EQ(to_valid_utf8(text), text);
  }
  EXPECT_EQ(to_valid_utf8(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
}

TEST(ToValidUtf8, ReplacesEachBrokenPartOnce) {
  const std::string three = std::string(kR) + std::string(kR) + std::string(kR);
  const Case cases[] = {
      {"a lone continuation byte", "a\x80z", "a\xEF\xBF\xBDz"},
      {"a byte that is never used", "\xFF", kR},
      {"a sequence cut at the end", "ab\xE2\x82", "ab\xEF\xBF\xBD"},
      {"a sequence cut in the middle", "\xE2\x82z", "\xEF\xBF\xBDz"},
      {"a lead byte before a lead byte", "\xC3\xC3\xA4", "\xEF\xBF\xBD\xC3\xA4"},
      {"an overlong slash", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
      {"an overlong three-byte form", "\xE0\x80\x80", three},
      {"a surrogate", "\xED\xA0\x80", three},
      {"above U+10FFFF", "\xF4\x90\x80", three},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(to_valid_utf8(c.bytes), c.expected) << c.name;
  }
}

TEST(WithoutCutCharacter, DropsOnlyTheStartOfACharacter) {
  const Case cases[] = {
      {"nothing", "", ""},
      {"whole characters", "a\xC3\xA4", "a\xC3\xA4"},
      {"one byte of two", "a\xC3", "a"},
      {"one byte of three", "a\xE2", "a"},
      {"two bytes of three", "a\xE2\x82", "a"},
      {"three bytes of four", "a\xF0\x9F\x98", "a"},
      {"four bytes of four", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80"},
      {"nothing else", "\xE2\x82", ""},
      {"what is no start of a character", "a\xE0\x80", "a\xE0\x80"},
      {"bytes that belong to none", "a\x80\x80\x80\x80", "a\x80\x80\x80\x80"},
      {"a byte that is never used", "a\xFF", "a\xFF"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(without_cut_character(c.bytes), c.expected) << c.name;
  }
}

}  // namespace
}  // namespace base
