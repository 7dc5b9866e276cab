// What userspace knows of the processes that the kernel has numbered.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "discover/target.hpp"

namespace collect {

struct KnownProcess {
  pid_t pid = 0;
  std::uint64_t start_time_ns = 0;
  std::vector<std::string> services;  // empty: not ours
  discover::BinaryId binary;          // the attached binary it runs
  bool exited = false;
};

using ProcessTable = std::unordered_map<std::uint32_t, KnownProcess>;

}  // namespace collect
