// Ready-made metrics and probes for libraries: the files of presets/, which are part of the program.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace config {

struct Preset {
  std::string_view name;  // "go/http-server": its path in presets/, without .yaml
  std::string_view yaml;  // metrics and probes; the probes have no service
};

// In the order of their names.
[[nodiscard]] std::span<const Preset> all_presets();

// Those that a name stands for: one itself, or all of which it is the last part of the path or begins it as a
// word: "http" is go/http-client and go/http-server. kInvalidConfig: there is none; the message lists what
// there is.
[[nodiscard]] base::Result<std::vector<Preset>> find_presets(std::string_view name);

}  // namespace config
