// `probes:` of probes.yaml.
#pragma once

#include <vector>

#include "config/probe_config.hpp"
#include "config/yaml_reader.hpp"

namespace config {

struct ParsedProbes {
  std::vector<Probe> probes;     // each with a name, its own or one made of service and function
  bool records_complete = true;  // false: some records could not be read
};

[[nodiscard]] ParsedProbes parse_probes(const YamlNode& node, const std::vector<Service>& services,
                                        const std::vector<Metric>& metrics, const YamlReader& reader);

// The same for those of a preset, which have names and no `service`: they are of all `services`.
[[nodiscard]] std::vector<Probe> parse_preset_probes(const YamlNode& node,
                                                     const std::vector<std::string>& services,
                                                     const std::vector<Metric>& metrics,
                                                     const YamlReader& reader);

}  // namespace config
