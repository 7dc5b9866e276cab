#include <fmt/core.h>

#include <cstdint>
#include <string>

#include "app/commands.hpp"
#include "attach/map_memory.hpp"
#include "base/error.hpp"
#include "base/plural.hpp"
#include "config/parse_config.hpp"
#include "config/warnings.hpp"
#include "plan/output/widest_plan.hpp"

namespace app {
namespace {

std::string in_mib(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

// How many binaries a service runs is not known here.
base::Result<std::string> describe_memory(const config::ProbeConfig& config) {
  ASSIGN_OR_RETURN(const std::uint64_t shared, attach::shared_map_memory());
  std::string text = fmt::format("memory of all maps, at most: {}", in_mib(shared));
  for (const config::Service& service : config.services) {
    ASSIGN_OR_RETURN(const std::uint64_t bytes,
                     attach::binary_map_memory(config, plan::widest_plan(config, service.name)));
    text += fmt::format("{}{} for each binary of {}", &service == &config.services.front() ? ", and " : ", ",
                        in_mib(bytes), service.name);
  }
  return text;
}

}  // namespace

int execute(const CheckOptions& options) {
  const auto config = config::load_config(options.config);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 2;
  }
  for (const std::string& warning : config::warnings(*config, options.config)) {
    fmt::print(stderr, "{}\n", warning);
  }
  fmt::print("{}: {}, {}, {}\n", options.config, base::plural(config->services.size(), "service"),
             base::plural(config->metrics.size(), "metric"), base::plural(config->probes.size(), "probe"));
  const auto memory = describe_memory(*config);
  if (!memory) {
    fmt::print(stderr, "uprobe_exporter: {}\n", memory.error().message);
    return 1;
  }
  fmt::print("{}\n", *memory);
  return 0;
}

}  // namespace app
