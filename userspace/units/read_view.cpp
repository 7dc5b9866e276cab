#include "units/read_view.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "collect/collector.hpp"
#include "units/process_registry.hpp"
#include "units/retired_counts.hpp"

namespace units {

base::Result<std::shared_ptr<const collect::ProcessTable>> processes_now(const View& view,
                                                                         const attach::SharedMaps& maps,
                                                                         const discover::ProcFs& proc,
                                                                         attach::PidNamespace pid_namespace) {
  std::vector<ProbedBinary> binaries;
  for (const UnitView& unit : view.units) {
    binaries.push_back({.id = unit.binary->id, .exe = unit.binary->exe});
  }
  return latest_processes(view.processes,
                          {.services = &view.config->services,
                           .service_bits = view.service_bits.get(),
                           .proc = &proc,
                           .pid_namespace = pid_namespace},
                          maps, binaries);
}

base::Result<std::vector<collect::Sample>> collect_samples(const View& view,
                                                           const collect::ProcessTable& processes) {
  std::vector<collect::Sample> all;
  for (const UnitView& unit : view.units) {
    // At 0 also where an earlier exporter has counted and this one has not attached yet: no series goes and
    // comes.
    auto samples = collect::collect(
        *view.config, *unit.binary, processes, *unit.gauges, unit.unrecorded,
        unit.is_current() ? collect::KnownSeries::kAtZero : collect::KnownSeries::kAsCounted);
    if (!samples) {
      return base::with_context(std::move(samples.error()), "reading the counts of service {} in {}",
                                unit.binary->service, unit.binary->exe);
    }
    // Gauges of probes that were changed are told by those that took their place.
    for (collect::Sample& sample : *samples) {
      if (unit.is_current() || is_counted(*view.config, sample)) {
        all.push_back(std::move(sample));
      }
    }
  }
  std::ranges::move(collect::shown_totals(*view.totals, view.config->metrics, processes),
                    std::back_inserter(all));
  return all;
}

CostMeter costs_now(const View& view, const attach::SharedMaps& maps) {
  CostMeter costs = view.costs;
  for (const UnitView& unit : view.units) {
    if (unit.has_links) {
      measure(costs, *unit.binary, maps);
    }
  }
  return costs;
}

}  // namespace units
