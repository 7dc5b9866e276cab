// Parts of a config by their names.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "config/probe_config.hpp"

namespace config {

// The service, metric or label of that name; nullptr where there is none.
template <class Named>
[[nodiscard]] const Named* find_by_name(const std::vector<Named>& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &Named::name);
  return found == list.end() ? nullptr : &*found;
}

template <class Named>
[[nodiscard]] std::vector<std::string> names_of(const std::vector<Named>& list) {
  std::vector<std::string> names;
  names.reserve(list.size());
  for (const Named& one : list) {
    names.push_back(one.name);
  }
  return names;
}

}  // namespace config
