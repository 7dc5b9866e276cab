#include "config/use_presets.hpp"

#include <algorithm>
#include <utility>

#include "config/find_by_name.hpp"
#include "config/parse_metrics.hpp"
#include "config/parse_probes.hpp"
#include "config/presets.hpp"
#include "config/read_yaml.hpp"
#include "config/yaml_reader.hpp"

namespace config {
namespace {

struct Use {
  Preset preset;
  std::vector<std::string> services;
  Position position;  // of the first service that uses it
};

std::vector<Use> uses_of(const ProbeConfig& config) {
  std::vector<Use> uses;
  for (const Preset& preset : all_presets()) {
    Use use{.preset = preset, .services = {}, .position = {}};
    for (const Service& service : config.services) {
      if (std::ranges::find(service.presets, preset.name) != service.presets.end()) {
        use.position = use.services.empty() ? service.position : use.position;
        use.services.push_back(service.name);
      }
    }
    if (!use.services.empty()) {
      uses.push_back(std::move(use));
    }
  }
  return uses;
}

void place(Probe& probe, const Use& use) {
  probe.preset = use.preset.name;
  probe.name = probe.preset + "/" + probe.name;
  probe.position = use.position;
  for (Label& label : probe.labels) {
    label.position = use.position;
  }
  for (Record& record : probe.records) {
    record.position = use.position;
  }
}

void add(ProbeConfig& config, std::vector<Probe>& all, const Use& use, Problems& problems) {
  Problems own;
  const std::optional<YamlNode> root = read_yaml(use.preset.yaml, own);
  if (root) {
    const YamlReader reader(use.preset.yaml, &own);
    const std::string owner = "the preset";
    reader.expect_mapping(*root, owner, {"metrics", "probes"});
    if (const YamlNode* const metrics = reader.require(*root, owner, "metrics", "{ name: { type: ... } }")) {
      for (Metric& metric : parse_metrics(*metrics, reader).metrics) {
        if (find_by_name(config.metrics, metric.name) == nullptr) {
          metric.position = use.position;
          config.metrics.push_back(std::move(metric));
        }
      }
    }
    if (const YamlNode* const probes = reader.require(*root, owner, "probes", "a list of probes")) {
      for (Probe& probe : parse_preset_probes(*probes, use.services, config.metrics, reader)) {
        place(probe, use);
        all.push_back(std::move(probe));
      }
    }
  }
  if (!own.empty()) {
    problems.add(use.position, "preset {}: {}", use.preset.name, own.error(use.preset.name).message);
  }
}

}  // namespace

std::vector<Probe> use_presets(ProbeConfig& config, Problems& problems) {
  std::vector<Probe> probes;
  for (const Use& use : uses_of(config)) {
    add(config, probes, use, problems);
  }
  return probes;
}

}  // namespace config
