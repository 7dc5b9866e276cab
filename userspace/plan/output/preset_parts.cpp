#include "plan/output/preset_parts.hpp"

#include <algorithm>
#include <string_view>

namespace plan {
namespace {

PresetParts& parts_of(std::vector<PresetParts>& all, std::string_view preset) {
  const auto known = std::ranges::find(all, preset, &PresetParts::preset);
  if (known != all.end()) {
    return *known;
  }
  return all.emplace_back(PresetParts{.preset = std::string(preset), .matched = {}, .absent = {}});
}

void add(std::vector<std::string>& names, std::string_view name) {
  if (std::ranges::find(names, name) == names.end()) {
    names.emplace_back(name);
  }
}

}  // namespace

std::vector<PresetParts> preset_parts(const ProbePlan& plan) {
  std::vector<PresetParts> all;
  for (const PlannedProbe& probe : plan.probes) {
    if (!probe.preset.empty()) {
      add(parts_of(all, probe.preset).matched, std::string_view(probe.name).substr(probe.preset.size() + 1));
    }
  }
  for (const SkippedProbe& part : plan.absent) {
    const std::size_t slash = part.name.find_last_of('/');
    add(parts_of(all, std::string_view(part.name).substr(0, slash)).absent,
        std::string_view(part.name).substr(slash + 1));
  }
  return all;
}

}  // namespace plan
