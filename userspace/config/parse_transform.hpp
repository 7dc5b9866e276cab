// What a label does to the text of its value: `keep`, `cut_prefix`, `cut_suffix`, `case`, `regex`, `sql`,
// `map`, `group`, `as`.
#pragma once

#include <optional>
#include <string>

#include "config/probe_config.hpp"
#include "config/yaml_reader.hpp"

namespace config {

// The entry's key must be one of the above.
[[nodiscard]] std::optional<Transform> parse_transform(const YamlEntry& entry, const std::string& owner,
                                                       const YamlReader& reader);

}  // namespace config
