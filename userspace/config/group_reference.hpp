// `$1` and `${1}` in the replacement of a `regex`: the syntax of Prometheus' relabelling rules.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace config {

// $0, the whole match, to $9.
inline constexpr std::size_t kMaxGroups = 10;

struct GroupReference {
  std::size_t group = 0;
  std::size_t length = 0;  // bytes of the reference
};

// The reference that `text` begins with; nothing if it begins with anything else.
[[nodiscard]] std::optional<GroupReference> group_reference(std::string_view text);

}  // namespace config
