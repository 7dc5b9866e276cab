// count_in_library CONFIG LIBRARY: the exporter's stages on a shared library, in every process that has
// loaded it, as if all of them were the first service of CONFIG. (The exporter itself looks for executables.)
// Prints "ready"; then, for each line that it reads, a page of metrics and a line "# end".
#include <fmt/core.h>

#include <iostream>
#include <string>

#include "app/plan_binary.hpp"
#include "attach/attach_binary.hpp"
#include "attach/kernel_support.hpp"
#include "attach/process_watch.hpp"
#include "collect/collector.hpp"
#include "collect/read_maps.hpp"
#include "config/parse_config.hpp"
#include "expose/text_format.hpp"
#include "metrics/build_snapshot.hpp"
#include "metrics/self_metrics.hpp"

namespace {

using base::Result;

// Process numbers are given in order; more than these are never running here.
collect::ProcessTable first_processes(const std::string& service) {
  collect::ProcessTable processes;
  for (std::uint32_t number = 1; number < 100; ++number) {
    processes[number] = {.pid = 0, .start_time_ns = 0, .services = {service}, .binary = {}, .exited = false};
  }
  return processes;
}

metrics::SelfState state_of(const attach::AttachedBinary& binary, std::vector<collect::Loss> losses) {
  metrics::SelfState state;
  state.losses = std::move(losses);
  for (const plan::SkippedProbe& skipped : binary.plan.skipped) {
    state.not_attached.push_back({.probe = skipped.name, .reason = skipped.reason});
  }
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    if (!binary.probes[i].error.empty()) {
      state.not_attached.push_back({.probe = binary.plan.probes[i].name, .reason = binary.probes[i].error});
    }
  }
  return state;
}

Result<> serve(const std::string& config_path, const std::string& library) {
  ASSIGN_OR_RETURN(const config::ProbeConfig config, config::load_config(config_path));
  const std::string& service = config.services.front().name;
  ASSIGN_OR_RETURN(const attach::KernelSupport kernel, attach::probe_kernel());
  ASSIGN_OR_RETURN(const attach::ProcessWatch watch, attach::ProcessWatch::start());
  ASSIGN_OR_RETURN(plan::ProbePlan plan, app::plan_binary(config, library, service));
  const discover::Target target{.binary = {}, .exe = library, .open_path = library, .members = {}};
  attach::ProbeNumbers numbers;
  ASSIGN_OR_RETURN(const attach::AttachedBinary binary,
                   attach::attach_binary(config, target, std::move(plan), watch, kernel, numbers));
  const collect::ProcessTable processes = first_processes(service);
  collect::Collector collector;
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    ASSIGN_OR_RETURN(const auto samples, collector.collect(config, binary, processes));
    ASSIGN_OR_RETURN(const auto losses, collect::read_losses(watch.maps()));
    const metrics::SelfState state = state_of(binary, collect::name_losses(binary, losses));
    const metrics::Snapshot snapshot = metrics::build_snapshot(config.metrics, samples);
    std::cout << expose::text_format(metrics::with_families(snapshot, metrics::self_metrics(state)))
              << "# end" << std::endl;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: count_in_library CONFIG LIBRARY\n");
    return 2;
  }
  if (const auto served = serve(argv[1], argv[2]); !served) {
    fmt::print(stderr, "count_in_library: {}\n", served.error().message);
    return 1;
  }
  return 0;
}
