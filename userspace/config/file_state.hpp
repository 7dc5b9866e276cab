// Whether a file is the one that was read.
#pragma once

#include <cstdint>
#include <string>

namespace config {

// What a file shows when it is written to, or replaced, or a symbolic link on the way to it is: Kubernetes
// swaps one when a ConfigMap changes.
struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  bool operator==(const FileState&) const = default;
};

// All zeros where there is no such file.
[[nodiscard]] FileState file_state(const std::string& path);

}  // namespace config
