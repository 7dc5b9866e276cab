// `services:` of probes.yaml.
#pragma once

#include <vector>

#include "config/probe_config.hpp"
#include "config/yaml_reader.hpp"

namespace config {

[[nodiscard]] std::vector<Service> parse_services(const YamlNode& node, const YamlReader& reader);

}  // namespace config
