// What the command line says is to be counted -> the configuration.
#pragma once

#include "app/options.hpp"
#include "config/config_file.hpp"

namespace app {

// The file, or one made of the presets: a service that is named after its executable.
[[nodiscard]] config::ConfigFile config_file_of(const ConfigSource& source);

}  // namespace app
