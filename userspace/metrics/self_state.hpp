// What the exporter knows about itself: filled by app at each scrape, shown as metrics and on the landing
// page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/resource_use.hpp"
#include "collect/sample.hpp"

namespace metrics {

struct BuildInfo {
  std::string version;
  std::string revision;
  std::string compiler;
  std::string libbpf;

  bool operator==(const BuildInfo&) const = default;
};

struct AttachedProbe {
  std::string probe;
  std::uint64_t sites = 0;  // breakpoints in all binaries
  std::uint64_t hits = 0;   // times a breakpoint was reached
  std::uint64_t inlined_copies =
      0;  // functions with a copy of the probed one, in which calls are not counted

  bool operator==(const AttachedProbe&) const = default;
};

struct NotAttachedProbe {
  std::string probe;
  std::string reason;  // for people: what is wrong and what to do

  bool operator==(const NotAttachedProbe&) const = default;
};

// Of one probe in one service, since this exporter started.
struct ProbeCostState {
  std::string service;
  std::string probe;
  double target_seconds = 0;    // estimated CPU time of the service's processes
  double stranger_seconds = 0;  // of other processes that run the file
  bool is_over_budget = false;  // detached for a while
  std::uint64_t detaches = 0;

  bool operator==(const ProbeCostState&) const = default;
};

// The price of a hit.
struct HitCostState {
  std::string site;     // "emulated", "stepped", "return"
  std::string process;  // "target", "stranger"
  double seconds = 0;

  bool operator==(const HitCostState&) const = default;
};

struct BudgetState {
  std::string service;
  double cores = 0;

  bool operator==(const BudgetState&) const = default;
};

struct ServiceState {
  std::string service;
  std::uint64_t processes = 0;

  bool operator==(const ServiceState&) const = default;
};

struct MetricUse {
  std::string metric;
  std::uint64_t series = 0;
  std::uint64_t limit = 0;

  bool operator==(const MetricUse&) const = default;
};

struct ReloadState {
  bool last_successful = true;
  double last_success_seconds = 0;  // since the Unix epoch
  std::string config_hash;          // of the configuration in use

  bool operator==(const ReloadState&) const = default;
};

struct SelfState {
  BuildInfo build;
  std::vector<AttachedProbe> attached;
  std::vector<NotAttachedProbe> not_attached;
  std::vector<ProbeCostState> costs;
  std::vector<HitCostState> hit_costs;
  bool hit_costs_measured = false;   // false: they are defaults
  std::vector<BudgetState> budgets;  // of services that have one
  std::vector<collect::Loss> losses;
  std::vector<ServiceState> services;  // every configured one, running or not
  std::vector<MetricUse> metrics;
  std::uint64_t series_memory_failures = 0;
  std::uint64_t in_flight_entries = 0;
  std::uint64_t in_flight_limit = 0;
  std::vector<std::string>
      unknown_baselines;             // metrics that started while their true value could not be known
  double blind_seconds = 0;          // time without probes, over restarts of the exporter
  std::uint64_t resets = 0;          // times that counts of an exporter before were given up
  bool is_superseded = false;        // another exporter with the same pins is at work
  std::uint64_t lost_log_lines = 0;  // that could not be written
  std::uint64_t lost_process_events = 0;
  double scrape_duration_seconds = 0;  // of the scrape before this one
  ReloadState reload;
  std::optional<base::ResourceUse> process;  // of the exporter; absent where /proc cannot be read

  bool operator==(const SelfState&) const = default;
};

}  // namespace metrics
