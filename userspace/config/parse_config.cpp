#include "config/parse_config.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "config/parse_budget.hpp"
#include "config/parse_metrics.hpp"
#include "config/parse_probes.hpp"
#include "config/parse_services.hpp"
#include "config/read_config_file.hpp"
#include "config/read_yaml.hpp"
#include "config/use_presets.hpp"
#include "config/validate_config.hpp"
#include "config/yaml_reader.hpp"

namespace config {
namespace {

constexpr std::uint32_t kMaxInFlight = 1U << 20U;

Limits parse_limits(const YamlNode& node, const YamlReader& reader) {
  Limits limits;
  if (reader.expect_mapping(node, "limits", {"in_flight"})) {
    if (const YamlNode* const in_flight = find_value(node, "in_flight")) {
      limits.in_flight = reader.whole_number(*in_flight, {"limits", "in_flight"}, 1, kMaxInFlight)
                             .value_or(limits.in_flight);
    }
  }
  return limits;
}

ProbeConfig read_sections(const YamlNode& root, const YamlReader& reader) {
  const std::string owner = "the file";
  ProbeConfig config;
  Unread unread;
  if (!reader.expect_mapping(root, owner, {"services", "metrics", "probes", "limits", "budget"})) {
    return config;
  }
  if (const YamlNode* const services = reader.require(root, owner, "services", "{ name: { match: ... } }")) {
    config.services = parse_services(*services, reader);
  }
  // Presets bring metrics and probes of their own; a file needs no others then.
  const bool has_presets =
      std::ranges::any_of(config.services, [](const Service& service) { return !service.presets.empty(); });
  const auto section = [&](const char* key, const char* example) {
    return has_presets ? find_value(root, key) : reader.require(root, owner, key, example);
  };
  if (const YamlNode* const metrics = section("metrics", "{ name: { type: ... } }")) {
    ParsedMetrics parsed = parse_metrics(*metrics, reader);
    config.metrics = std::move(parsed.metrics);
    unread.metrics = std::move(parsed.unclear);
  }
  std::vector<Probe> of_presets = use_presets(config, reader.problems());
  if (const YamlNode* const probes = section("probes", "a list of probes")) {
    ParsedProbes parsed = parse_probes(*probes, config.services, config.metrics, reader);
    config.probes = std::move(parsed.probes);
    unread.records = !parsed.records_complete;
  } else {
    unread.records = !has_presets;
  }
  std::ranges::move(of_presets, std::back_inserter(config.probes));
  if (const YamlNode* const limits = find_value(root, "limits")) {
    config.limits = parse_limits(*limits, reader);
  }
  if (const YamlNode* const budget = find_value(root, "budget")) {
    config.budget = parse_budget(*budget, reader);
    expect_limit(*budget, find_value(root, "services"), reader);
  }
  if (!reader.problems().are_enough()) {
    validate_config(config, unread, reader.problems());
  }
  return config;
}

}  // namespace

base::Result<ProbeConfig> parse_config(std::string_view yaml, std::string_view file_name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (yaml.starts_with(kByteOrderMark)) {
    yaml.remove_prefix(kByteOrderMark.size());
  }
  Problems problems;
  ProbeConfig config;
  const std::optional<YamlNode> root = read_yaml(yaml, problems);
  if (root && root->kind == YamlNode::Kind::kNull) {
    problems.add({1, 1},
                 "the file is empty; it needs services, metrics and probes (docs/probes.md has an example)");
  } else if (root) {
    config = read_sections(*root, YamlReader(yaml, &problems));
  }
  if (!problems.empty()) {
    return std::unexpected(problems.error(file_name));
  }
  return config;
}

base::Result<ProbeConfig> load_config(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, read_config_file(path));
  return parse_config(text, path);
}

}  // namespace config
