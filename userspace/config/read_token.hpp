// Text -> tokens of the expression language.
#pragma once

#include <cstdint>
#include <string>

#include "config/syntax.hpp"
#include "config/text_cursor.hpp"

namespace config {

struct Token {
  enum class Kind { kEnd, kIdentifier, kInteger, kString, kOperator };
  Kind kind = Kind::kEnd;
  std::string text;  // identifier, operator, or a string's value
  std::int64_t integer = 0;
  std::size_t offset = 0;

  [[nodiscard]] bool is_operator(std::string_view name) const {
    return kind == Kind::kOperator && text == name;
  }
};

// Steps over spaces and one token. Any punctuation is an operator: what it may mean is the parser's business.
[[nodiscard]] Parsed<Token> read_token(TextCursor& cursor);

// A token as messages name it: `"x"`, `number 5`, `nothing`.
[[nodiscard]] std::string description_of(const Token& token);

}  // namespace config
