// What a process takes from the machine, as /proc tells it.
#pragma once

#include <cstdint>
#include <optional>

namespace base {

struct ResourceUse {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since the Unix epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_fds = 0;
  std::optional<std::uint64_t> max_fds;  // absent: no limit

  bool operator==(const ResourceUse&) const = default;
};

}  // namespace base
