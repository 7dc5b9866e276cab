// BATON of the stage: all units at one moment, as the thread that owns them has published it. A view never
// changes; whoever reads one holds what it needs of the maps, whatever becomes of the units meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attach/attached_binary.hpp"
#include "attach/service_bits.hpp"
#include "collect/gauge_samples.hpp"
#include "collect/process_table.hpp"
#include "collect/read_maps.hpp"
#include "collect/totals.hpp"
#include "config/probe_config.hpp"
#include "metrics/self_state.hpp"
#include "units/budget.hpp"
#include "units/probe_costs.hpp"
#include "units/succession.hpp"
#include "units/unit_state.hpp"

namespace units {

// One generation of a unit.
struct UnitView {
  std::shared_ptr<const attach::CountedBinary> binary;
  UnitState state = UnitState::kFound;
  bool has_links = false;
  std::shared_ptr<collect::GaugeMemory> gauges;  // from scrape to scrape; takes care of its threads itself
  std::vector<collect::RawFrame> unrecorded;     // calls in flight that the maps may lack
  std::vector<std::string> unknown_baselines;    // metrics

  // Whether its probes are the configured ones: of others only counts are shown, no gauges.
  [[nodiscard]] bool is_current() const { return state != UnitState::kRetiring; }
};

// Another exporter with the same pins is at work.
struct Superseded {
  Successor successor = Successor::kPreparing;
  std::chrono::steady_clock::time_point since;  // it has been counting; not before
  bool is_stale = false;  // it has done so for long enough: its pages are the ones to read
};

struct View {
  std::shared_ptr<const config::ProbeConfig> config;
  std::vector<UnitView> units;
  std::shared_ptr<const collect::ProcessTable> processes;
  std::shared_ptr<const collect::Totals> totals;
  std::shared_ptr<const attach::ServiceBits> service_bits;
  std::vector<metrics::ServiceState> services;  // every configured one, running or not
  CostMeter costs;                              // up to the moment of the view
  Budget budget;
  metrics::ReloadState reload;
  std::optional<std::string> not_ready;  // what the exporter still waits for
  std::optional<Superseded> superseded;
  double blind_seconds = 0;
  std::uint64_t resets = 0;
  std::uint64_t series_memory_failures = 0;
};

}  // namespace units
