// A place in a text that moves forward. Tokens and types are read from the same cursor, since in
// `x.(*a/b-c.T)` the characters of the type mean something else than in an expression.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/letters.hpp"

namespace config {

using base::is_digit;
using base::is_letter;

[[nodiscard]] constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// An identifier as Go has it: a letter, then letters and digits.
[[nodiscard]] bool is_identifier(std::string_view text);

class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return position_ >= text_.size(); }

  [[nodiscard]] std::size_t position() const { return position_; }

  [[nodiscard]] std::string_view rest() const { return text_.substr(position_); }

  // The character here, NUL at the end.
  [[nodiscard]] char peek() const { return at_end() ? '\0' : text_[position_]; }

  void skip_space();

  void move_to(std::size_t position) { position_ = position; }

  // Steps over `expected` if it stands here.
  bool consume(std::string_view expected);

  // Steps over the longest run of characters that `belongs`.
  template <class Predicate>
  std::string_view take_while(Predicate belongs) {
    const std::size_t start = position_;
    while (!at_end() && belongs(text_[position_])) {
      ++position_;
    }
    return text_.substr(start, position_ - start);
  }

 private:
  std::string_view text_;  // the caller's
  std::size_t position_ = 0;
};

}  // namespace config
