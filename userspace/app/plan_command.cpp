#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "attach/kernel_support.hpp"
#include "plan/output/print_plan.hpp"
#include "units/plan_binary.hpp"

namespace app {
namespace {

// Prints one service's plan; false where the binary cannot be read at all, or a probe was skipped.
bool print_service(const config::ProbeConfig& config, const PlanOptions& options,
                   const std::string& service) {
  const auto plan = units::plan_binary(config, options.binary, service);
  if (!plan) {
    fmt::print(stderr, "uprobe_exporter: {}\n", plan.error().message);
    return false;
  }
  fmt::print("service {}\n{}", service, plan::print_plan(*plan, attach::can_write_registers()));
  return plan->skipped.empty();
}

}  // namespace

int execute(const PlanOptions& options) {
  // Presets are asked for on behalf of the binary that is named.
  ConfigSource source = options.config;
  source.match.exe = options.binary;
  config::ConfigFile file = config_file_of(source);
  const auto loaded = file.load();
  if (!loaded) {
    fmt::print(stderr, "{}\n", loaded.error().message);
    return 2;
  }
  const config::ProbeConfig* const config = &loaded->config;
  bool known = false;
  bool complete = true;
  for (const config::Service& service : config->services) {
    if (options.service && *options.service != service.name) {
      continue;
    }
    known = true;
    complete = print_service(*config, options, service.name) && complete;
  }
  if (!known) {
    fmt::print(stderr, "uprobe_exporter: {} has no service {}\n", file.path(), *options.service);
    return 2;
  }
  return complete ? 0 : 1;
}

}  // namespace app
