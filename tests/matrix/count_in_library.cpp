// count_in_library CONFIG LIBRARY PID: the exporter's stages on a shared library that process PID has loaded,
// as the first service of CONFIG. (The exporter itself looks for executables.)
// Prints "ready"; then, for each line that it reads, a page of metrics and a line "# end".
#include <fmt/core.h>
#include <sys/types.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <span>
#include <string>

#include "attach/attach_binary.hpp"
#include "attach/gate.hpp"
#include "attach/kernel_support.hpp"
#include "attach/process_watch.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "collect/collector.hpp"
#include "collect/map_entries.hpp"
#include "collect/read_maps.hpp"
#include "config/parse_config.hpp"
#include "expose/text_format.hpp"
#include "metrics/build_snapshot.hpp"
#include "metrics/self_metrics.hpp"
#include "units/plan_binary.hpp"
#include "units/running_calls.hpp"

namespace {

using base::Result;

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

// The process as the kernel numbers it.
Result<collect::ProcessTable> process_table(const attach::ProcessWatch& watch, const std::string& service,
                                            pid_t pid) {
  RETURN_IF_ERROR(watch.number_processes(std::array{pid}));
  collect::ProcessTable processes;
  RETURN_IF_ERROR(collect::for_each_entry(
      watch.maps().process_records.value(), sizeof(std::uint32_t), sizeof(process_record),
      [&](collect::Bytes key, collect::Bytes value) {
        std::uint32_t number = 0;
        process_record record{};
        std::memcpy(&number, key.data(), sizeof(number));
        std::memcpy(&record, value.data(), sizeof(record));
        if (record.pid == static_cast<std::uint32_t>(pid)) {
          processes[number] = {
              .pid = pid, .start_time_ns = 0, .services = {service}, .binary = {}, .exited = false};
        }
      }));
  if (processes.empty()) {
    return base::fail(base::ErrorCode::kNotFound, "process {} has no number; is it running?", pid);
  }
  return processes;
}

Result<> serve(const std::string& config_path, const std::string& library, pid_t pid) {
  ASSIGN_OR_RETURN(const config::ProbeConfig config, config::load_config(config_path));
  const std::string& service = config.services.front().name;
  ASSIGN_OR_RETURN(const attach::KernelSupport kernel, attach::probe_kernel());
  ASSIGN_OR_RETURN(const attach::ProcessWatch watch, attach::ProcessWatch::start({}));
  ASSIGN_OR_RETURN(attach::HeldFile file, attach::HeldFile::open(library, attach::Lease::kWherePossible));
  ASSIGN_OR_RETURN(plan::ProbePlan plan, units::plan_binary(config, library, service));
  const discover::Target target{.binary = {}, .exe = library, .open_path = library, .members = {}};
  attach::UnitNumbers numbers;
  attach::ServiceBits service_bits;
  service_bits.assign(config.services);
  ASSIGN_OR_RETURN(attach::AttachedBinary binary,
                   attach::attach_binary({.config = &config,
                                          .target = &target,
                                          .service = service,
                                          .watch = &watch,
                                          .service_bits = &service_bits,
                                          .kernel = kernel},
                                         std::move(plan), std::move(file), numbers));
  RETURN_IF_ERROR(attach::open_gates(watch.maps(), std::array{attach::Gate{binary.gate, binary.generation}}));
  ASSIGN_OR_RETURN(const collect::ProcessTable processes, process_table(watch, service, pid));
  const base::SystemClock clock;
  base::Logger log(clock);
  units::RunningCalls calls(binary, watch.maps(), {}, clock, log);
  const units::LiveProcess live{
      .number = processes.begin()->first, .pid = pid, .start_time_ns = 0, .library = library};
  calls.look(std::span(&live, 1));
  attach::settle(binary);
  collect::GaugeMemory gauges;
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    calls.look(std::span(&live, 1));
    ASSIGN_OR_RETURN(auto samples, collect::collect(config, binary, processes, gauges, calls.unrecorded()));
    ASSIGN_OR_RETURN(const auto losses, collect::read_losses(watch.maps()));
    const metrics::SelfState state = state_of(binary, collect::name_losses(binary, losses));
    const metrics::Snapshot snapshot = metrics::build_snapshot(config.metrics, std::move(samples));
    std::cout << expose::text_format(metrics::with_families(snapshot, metrics::self_metrics(state)))
              << "# end" << std::endl;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: count_in_library CONFIG LIBRARY PID\n");
    return 2;
  }
  if (const auto served = serve(argv[1], argv[2], std::atoi(argv[3])); !served) {
    fmt::print(stderr, "count_in_library: {}\n", served.error().message);
    return 1;
  }
  return 0;
}
