// Text -> YamlNode. The only user of yaml-cpp.
#pragma once

#include <optional>
#include <string_view>

#include "config/problems.hpp"
#include "config/yaml_node.hpp"

namespace config {

inline constexpr std::size_t kMaxConfigBytes = 4U << 20U;

// Reads one document. Aliases and `<<` merge keys are followed. Broken YAML, a second document, and what is
// no text give a problem and nothing; a key that stands twice gives a problem and its first value.
[[nodiscard]] std::optional<YamlNode> read_yaml(std::string_view text, Problems& problems);

}  // namespace config
