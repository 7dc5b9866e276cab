// What services ask for with `use:` becomes metrics and probes of the config, as if it stood in the file.
#pragma once

#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "config/problems.hpp"

namespace config {

// Adds the metrics of all presets that the services use to the config, and gives their probes. Of a metric
// that the file defines itself the file's definition stays, with its buckets and labels. Everything has the
// position of the first service that uses the preset.
[[nodiscard]] std::vector<Probe> use_presets(ProbeConfig& config, Problems& problems);

}  // namespace config
