// Which parts of presets a binary has.
#pragma once

#include <string>
#include <vector>

#include "plan/probe_plan.hpp"

namespace plan {

struct PresetParts {
  std::string preset;
  std::vector<std::string> matched;  // names of its probes without that of the preset
  std::vector<std::string> absent;
};

// In the order of the config; nothing where no preset is used.
[[nodiscard]] std::vector<PresetParts> preset_parts(const ProbePlan& plan);

}  // namespace plan
