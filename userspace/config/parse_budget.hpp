// `budget:` of the file and of a service.
#pragma once

#include <optional>
#include <string>

#include "config/probe_config.hpp"
#include "config/yaml_node.hpp"
#include "config/yaml_reader.hpp"

namespace config {

[[nodiscard]] Budget parse_budget(const YamlNode& node, const YamlReader& reader);

// A problem where the file's budget and those of its `services` limit nothing, as none says `cores`.
void expect_limit(const YamlNode& budget, const YamlNode* services, const YamlReader& reader);

// The share of a core that a service may have for itself.
[[nodiscard]] std::optional<double> parse_service_budget(const YamlNode& node, const std::string& owner,
                                                         const YamlReader& reader);

}  // namespace config
