// Text from other processes is arbitrary bytes; what leaves us is UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace base {

// `bytes` with U+FFFD in place of everything that is not UTF-8 (overlong forms, surrogates, cut sequences),
// one for each maximal broken part, as Unicode recommends.
[[nodiscard]] std::string to_valid_utf8(std::string_view bytes);

// What was cut off by bytes, without the character whose rest is missing.
[[nodiscard]] std::string_view without_cut_character(std::string_view bytes);

}  // namespace base
