// `metrics:` of probes.yaml.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "config/yaml_reader.hpp"

namespace config {

struct ParsedMetrics {
  std::vector<Metric> metrics;
  std::set<std::string>
      unclear;  // metrics of which type or labels could not be read: rules about them stay silent
};

[[nodiscard]] ParsedMetrics parse_metrics(const YamlNode& node, const YamlReader& reader);

}  // namespace config
