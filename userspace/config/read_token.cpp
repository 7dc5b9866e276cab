#include "config/read_token.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/error.hpp"

namespace config {
namespace {

// Longest first.
constexpr std::array<std::string_view, 10> kLongOperators = {
    "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "&^", ":="};

struct Radix {
  int base = 10;
  std::string_view digits;
};

Radix radix_of(std::string_view literal) {
  if (literal.size() > 1 && literal[0] == '0') {
    switch (literal[1]) {
      case 'x':
      case 'X':
        return {16, literal.substr(2)};
      case 'b':
      case 'B':
        return {2, literal.substr(2)};
      case 'o':
      case 'O':
        return {8, literal.substr(2)};
      default:
        return {8, literal.substr(1)};
    }
  }
  return {10, literal};
}

// Go's rule: an underscore stands between digits, or between prefix and digits.
std::optional<std::string> without_underscores(std::string_view digits) {
  std::string kept;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '_') {
      kept += digits[i];
    } else if (i + 1 == digits.size() || digits[i + 1] == '_') {
      return std::nullopt;
    }
  }
  return kept;
}

Parsed<Token> read_number(TextCursor& cursor) {
  const std::size_t start = cursor.position();
  const std::string_view literal =
      cursor.take_while([](char c) { return is_letter(c) || is_digit(c) || c == '.'; });
  const Radix radix = radix_of(literal);
  if (literal.find('.') != std::string_view::npos) {
    return syntax_error(start, "\"{}\" has a fraction; only whole numbers can be compared and added",
                        literal);
  }
  const std::optional<std::string> digits = without_underscores(radix.digits);
  std::uint64_t value = 0;
  if (digits) {
    const char* const end = digits->data() + digits->size();
    const auto [stop, error] = std::from_chars(digits->data(), end, value, radix.base);
    const bool fits = error != std::errc::result_out_of_range &&
                      value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (stop == end && !digits->empty() && !fits) {
      return syntax_error(start, "\"{}\" does not fit in 64 bits", literal);
    }
    if (stop == end && error == std::errc{}) {
      return Token{Token::Kind::kInteger, std::string(literal), static_cast<std::int64_t>(value), start};
    }
  }
  return syntax_error(start, "\"{}\" is not a number; write 42, 0x2a, 0o52, 0b101010 or 1_000", literal);
}

void append_utf8(std::string& text, std::uint32_t code_point) {
  const auto put = [&text](std::uint32_t byte) {
    text += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

std::optional<char> simple_escape(char letter) {
  constexpr std::string_view kLetters = "abfnrtv\\\"'";
  constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v\\\"'";
  const std::size_t index = kLetters.find(letter);
  return index == std::string_view::npos || letter == '\0' ? std::nullopt : std::optional(kMeanings[index]);
}

std::optional<std::uint32_t> read_digits(TextCursor& cursor, std::size_t count, int base) {
  const std::string_view digits = cursor.rest().substr(0, count);
  std::uint32_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.size() != count || error != std::errc{} || stop != digits.data() + count) {
    return std::nullopt;
  }
  cursor.move_to(cursor.position() + count);
  return value;
}

bool is_code_point(std::uint32_t value) {
  return value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
}

// What follows a backslash, as in Go: \n, \x41, \101, \u00e9, \U0001F600.
bool read_escape(TextCursor& cursor, std::string& text) {
  const char letter = cursor.peek();
  if (const std::optional<char> simple = simple_escape(letter)) {
    cursor.move_to(cursor.position() + 1);
    text += *simple;
    return true;
  }
  if (is_digit(letter)) {
    const std::optional<std::uint32_t> value = read_digits(cursor, 3, 8);
    if (!value || *value > 0xFF) {
      return false;
    }
    text += static_cast<char>(static_cast<unsigned char>(*value));
    return true;
  }
  if (letter != 'x' && letter != 'u' && letter != 'U') {
    return false;
  }
  cursor.move_to(cursor.position() + 1);
  const std::optional<std::uint32_t> value = read_digits(cursor,
                                                         letter == 'x'   ? 2
                                                         : letter == 'u' ? 4
                                                                         : 8,
                                                         16);
  if (!value || !is_code_point(*value)) {
    return false;
  }
  if (letter == 'x') {
    text += static_cast<char>(static_cast<unsigned char>(*value));
  } else {
    append_utf8(text, *value);
  }
  return true;
}

Parsed<Token> read_string(TextCursor& cursor) {
  const std::size_t start = cursor.position();
  std::string text;
  cursor.consume("\"");
  while (!cursor.at_end() && cursor.peek() != '\n') {
    if (cursor.consume("\"")) {
      return Token{Token::Kind::kString, std::move(text), 0, start};
    }
    const std::size_t here = cursor.position();
    if (!cursor.consume("\\")) {
      text += cursor.peek();
      cursor.move_to(here + 1);
    } else if (!read_escape(cursor, text)) {
      return syntax_error(here,
                          R"(unknown escape in a string; Go has \n, \t, \", \\, \x41, \u00e9 and the like)");
    }
  }
  return syntax_error(start, "the string that begins here has no closing quote");
}

Parsed<Token> read_raw_string(TextCursor& cursor) {
  const std::size_t start = cursor.position();
  cursor.consume("`");
  std::string text(cursor.take_while([](char c) { return c != '`'; }));
  std::erase(text, '\r');  // as Go does
  if (!cursor.consume("`")) {
    return syntax_error(start, "the string that begins here has no closing `");
  }
  return Token{Token::Kind::kString, std::move(text), 0, start};
}

Token read_operator(TextCursor& cursor) {
  const std::size_t start = cursor.position();
  for (const std::string_view name : kLongOperators) {
    if (cursor.consume(name)) {
      return {Token::Kind::kOperator, std::string(name), 0, start};
    }
  }
  std::string name(1, cursor.peek());
  cursor.move_to(start + 1);
  return {Token::Kind::kOperator, std::move(name), 0, start};
}

}  // namespace

Parsed<Token> read_token(TextCursor& cursor) {
  cursor.skip_space();
  const std::size_t start = cursor.position();
  if (cursor.at_end()) {
    return Token{Token::Kind::kEnd, "", 0, start};
  }
  const char first = cursor.peek();
  if (is_letter(first)) {
    const std::string_view name = cursor.take_while([](char c) { return is_letter(c) || is_digit(c); });
    return Token{Token::Kind::kIdentifier, std::string(name), 0, start};
  }
  if (is_digit(first)) {
    return read_number(cursor);
  }
  if (first == '"') {
    return read_string(cursor);
  }
  if (first == '`') {
    return read_raw_string(cursor);
  }
  return read_operator(cursor);
}

std::string description_of(const Token& token) {
  switch (token.kind) {
    case Token::Kind::kEnd:
      return "nothing";
    case Token::Kind::kInteger:
      return fmt::format("number {}", token.text);
    case Token::Kind::kString:
      return fmt::format("the text \"{}\"", token.text);
    case Token::Kind::kIdentifier:
    case Token::Kind::kOperator:
      break;
  }
  return fmt::format("\"{}\"", token.text);
}

}  // namespace config
