#include "collect/group_path.hpp"

#include <algorithm>

#include "abi/operation.h"

namespace collect {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_uuid(std::string_view segment) {
  constexpr std::string_view kForm = "00000000-0000-0000-0000-000000000000";
  return std::ranges::equal(segment, kForm,
                            [](char c, char form) { return form == '-' ? c == '-' : is_hex_digit(c); });
}

bool is_identifier(std::string_view segment) {
  return (!segment.empty() && std::ranges::all_of(segment, is_digit)) ||
         (segment.size() >= GROUPED_HEX && std::ranges::all_of(segment, is_hex_digit)) || is_uuid(segment);
}

}  // namespace

GroupedPath group_path(std::string_view path, std::size_t capacity) {
  std::string_view rest = path.substr(0, capacity);
  const std::size_t query = rest.find_first_of("?#");
  GroupedPath grouped{.text = {}, .is_cut = path.size() > capacity && query == std::string_view::npos};
  rest = rest.substr(0, query);
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    grouped.text += is_identifier(rest.substr(0, slash)) ? "*" : rest.substr(0, slash);
    grouped.text += '/';
    rest.remove_prefix(slash + 1);
  }
  if (!grouped.is_cut) {
    grouped.text += is_identifier(rest) ? "*" : rest;
  }
  return grouped;
}

}  // namespace collect
