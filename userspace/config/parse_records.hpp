// `record:` of a probe.
#pragma once

#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "config/yaml_reader.hpp"

namespace config {

struct ParsedRecords {
  std::vector<Record> records;
  bool is_complete = true;  // false: an entry could not be read, and which metric it meant is unknown
};

// The meaning of an entry follows from its keys and from the type of its metric. An entry whose metric is not
// defined is kept: that is a matter of validate_config().
[[nodiscard]] ParsedRecords parse_records(const YamlNode& node, const std::string& owner,
                                          const std::vector<Metric>& metrics, const YamlReader& reader);

}  // namespace config
