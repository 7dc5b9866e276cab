// `labels:` of a probe.
#pragma once

#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "config/yaml_reader.hpp"

namespace config {

// Every label is there, also one that could not be read: it is constant then.
[[nodiscard]] std::vector<Label> parse_labels(const YamlNode& node, const std::string& owner,
                                              const YamlReader& reader);

}  // namespace config
