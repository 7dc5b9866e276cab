// Paths to routes: /users/17/posts?page=2 -> /users/*/posts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace collect {

struct GroupedPath {
  std::string text;     // not longer than the capacity
  bool is_cut = false;  // the path goes on behind it

  bool operator==(const GroupedPath&) const = default;
};

// As OPERATION_GROUP_PATH of abi/operation.h does it in a field of `capacity` bytes.
[[nodiscard]] GroupedPath group_path(std::string_view path, std::size_t capacity = std::string_view::npos);

}  // namespace collect
