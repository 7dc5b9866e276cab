// Function names and signatures, which services, labels and probes all have.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "config/yaml_reader.hpp"

namespace config {

enum class Patterns { kAllowed, kRefused };

// A function's name, or a list of names of which the first that exists is used.
[[nodiscard]] std::vector<std::string> parse_functions(const YamlNode& node, const Field& field,
                                                       Patterns patterns, const YamlReader& reader);

// The `signature:` of a mapping, if it has one.
[[nodiscard]] std::optional<Signature> parse_optional_signature(const YamlNode& mapping,
                                                                const std::string& owner,
                                                                const YamlReader& reader);

}  // namespace config
