#include <fmt/core.h>

#include "app/commands.hpp"
#include "attach/kernel_support.hpp"
#include "config/parse_config.hpp"
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
  const auto config = config::load_config(options.config);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error().message);
    return 2;
  }
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
    fmt::print(stderr, "uprobe_exporter: {} has no service {}\n", options.config, *options.service);
    return 2;
  }
  return complete ? 0 : 1;
}

}  // namespace app
