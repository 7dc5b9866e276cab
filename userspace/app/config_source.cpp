#include "app/config_source.hpp"

#include "config/preset_config.hpp"

namespace app {

config::ConfigFile config_file_of(const ConfigSource& source) {
  if (source.presets.empty()) {
    return config::ConfigFile(source.file);
  }
  return {"--preset",
          config::services_text(config::service_name_for(source.match), source.match, source.presets)};
}

}  // namespace app
