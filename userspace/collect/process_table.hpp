// What userspace knows of the processes that the kernel has numbered.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
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
  // Labels of the process itself that a probe has learned: "gateway/gateway_id" (process_label_id) -> value.
  std::map<std::string, std::string> labels;
};

// A label belongs to the service whose `identity` defines it.
[[nodiscard]] inline std::string process_label_id(const std::string& service, const std::string& label) {
  return service + "/" + label;
}

using ProcessTable = std::unordered_map<std::uint32_t, KnownProcess>;

}  // namespace collect
