// What is allowed in a config and yet is probably not meant, or has another meaning than in earlier versions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/probe_config.hpp"

namespace config {

// One line each, `file_name:line:column: ...`, which says how to write what is meant. `check` prints them,
// `run` logs them.
[[nodiscard]] std::vector<std::string> warnings(const ProbeConfig& config, std::string_view file_name);

}  // namespace config
