#include "config/text_cursor.hpp"

#include <algorithm>

namespace config {

bool is_identifier(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || is_digit(c); });
}

void TextCursor::skip_space() {
  while (!at_end() && is_space(peek())) {
    ++position_;
  }
}

bool TextCursor::consume(std::string_view expected) {
  if (!rest().starts_with(expected)) {
    return false;
  }
  position_ += expected.size();
  return true;
}

}  // namespace config
