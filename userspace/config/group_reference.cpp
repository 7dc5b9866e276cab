#include "config/group_reference.hpp"

#include "config/text_cursor.hpp"

namespace config {

std::optional<GroupReference> group_reference(std::string_view text) {
  if (text.size() >= 2 && text[0] == '$' && is_digit(text[1])) {
    return GroupReference{.group = static_cast<std::size_t>(text[1] - '0'), .length = 2};
  }
  if (text.size() >= 4 && text.starts_with("${") && is_digit(text[2]) && text[3] == '}') {
    return GroupReference{.group = static_cast<std::size_t>(text[2] - '0'), .length = 4};
  }
  return std::nullopt;
}

}  // namespace config
