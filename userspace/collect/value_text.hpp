// Values as Go programs print them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace collect {

// As time.Duration's String(): "0s", "250ms", "1m30s", "-1.5µs".
[[nodiscard]] std::string duration_text(std::int64_t nanoseconds);

// Two lower-case digits for each byte.
[[nodiscard]] std::string hex_text(std::string_view bytes);

// 16 bytes as 8-4-4-4-12 digits; others as hex_text().
[[nodiscard]] std::string uuid_text(std::string_view bytes);

}  // namespace collect
