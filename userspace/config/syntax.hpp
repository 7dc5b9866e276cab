// How the readers of expressions, types and signatures say what is wrong with a text, and where in it.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <expected>
#include <string>
#include <utility>

namespace config {

struct SyntaxError {
  std::size_t offset = 0;  // byte of the text that could not be read
  std::string message;
};

template <class T>
using Parsed = std::expected<T, SyntaxError>;

template <class... Args>
[[nodiscard]] std::unexpected<SyntaxError> syntax_error(std::size_t offset,
                                                        fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(SyntaxError{offset, fmt::format(format, std::forward<Args>(args)...)});
}

// Limits that keep hostile text from using up the stack. Real expressions stay far below.
inline constexpr std::size_t kMaxTextLength = 4096;
inline constexpr int kMaxNesting = 64;

}  // namespace config
