// The only file that uses zlib.
#pragma once

#include <string>
#include <string_view>

namespace expose {

// `text` as a gzip stream, at the level that is fastest: scrapes go over local networks.
[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace expose
