#include <fmt/core.h>

#include "app/commands.hpp"
#include "config/parse_config.hpp"

namespace app {

int execute(const CheckOptions& options) {
  const auto config = config::load_config(options.config);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 2;
  }
  fmt::print("{}: {} services, {} metrics, {} probes\n", options.config, config->services.size(),
             config->metrics.size(), config->probes.size());
  return 0;
}

}  // namespace app
