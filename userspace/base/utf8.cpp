#include "base/utf8.hpp"

#include <algorithm>
#include <cstddef>

namespace base {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

struct ByteRange {
  unsigned char low = 0;
  unsigned char high = 0;

  [[nodiscard]] bool contains(char byte) const {
    const auto value = static_cast<unsigned char>(byte);
    return low <= value && value <= high;
  }
};

// What the lead byte of a sequence says: how many bytes follow and what the first of them may be.
struct Lead {
  std::size_t following = 0;
  ByteRange second;
  bool valid = true;
};

// Table 3-7 of the Unicode standard: the second byte's range rules out overlong forms, surrogates and >
// U+10FFFF.
Lead lead_of(char byte) {
  const auto value = static_cast<unsigned char>(byte);
  if (value < 0x80) {
    return {};
  }
  if (value >= 0xC2 && value <= 0xDF) {
    return {.following = 1, .second = {0x80, 0xBF}};
  }
  if (value >= 0xE0 && value <= 0xEF) {
    const ByteRange second{static_cast<unsigned char>(value == 0xE0 ? 0xA0 : 0x80),
                           static_cast<unsigned char>(value == 0xED ? 0x9F : 0xBF)};
    return {.following = 2, .second = second};
  }
  if (value >= 0xF0 && value <= 0xF4) {
    const ByteRange second{static_cast<unsigned char>(value == 0xF0 ? 0x90 : 0x80),
                           static_cast<unsigned char>(value == 0xF4 ? 0x8F : 0xBF)};
    return {.following = 3, .second = second};
  }
  return {.following = 0, .second = {}, .valid = false};
}

struct Part {
  std::size_t length = 1;
  bool valid = false;
};

// The character or the maximal broken part at the start of `bytes`, which is not empty.
Part first_part(std::string_view bytes) {
  const Lead lead = lead_of(bytes[0]);
  if (!lead.valid) {
    return {};
  }
  ByteRange allowed = lead.second;
  for (std::size_t i = 1; i <= lead.following; ++i) {
    if (i >= bytes.size() || !allowed.contains(bytes[i])) {
      return {.length = i, .valid = false};
    }
    allowed = {0x80, 0xBF};
  }
  return {.length = lead.following + 1, .valid = true};
}

}  // namespace

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto ascii = static_cast<std::size_t>(
        std::ranges::find_if(bytes, [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; }) -
        bytes.begin());
    text += bytes.substr(0, ascii);
    bytes.remove_prefix(ascii);
    if (bytes.empty()) {
      break;
    }
    const Part part = first_part(bytes);
    text += part.valid ? bytes.substr(0, part.length) : kReplacement;
    bytes.remove_prefix(part.length);
  }
  return text;
}

std::string_view without_cut_character(std::string_view bytes) {
  constexpr std::size_t kLongestStart = 3;
  for (std::size_t length = 1; length <= std::min(kLongestStart, bytes.size()); ++length) {
    const std::string_view end = bytes.substr(bytes.size() - length);
    const Lead lead = lead_of(end.front());
    if (lead.valid) {
      const bool is_start = lead.following >= length && first_part(end).length == length;
      return is_start ? bytes.substr(0, bytes.size() - length) : bytes;
    }
  }
  return bytes;
}

}  // namespace base
