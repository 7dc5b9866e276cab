#include "app/self_report.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "app/version.hpp"
#include "collect/collector.hpp"
#include "collect/read_maps.hpp"

namespace app {
namespace {

constexpr double kNsPerSecond = 1e9;

// A probe that several services share has one program in each; here it is one probe.
using ByName = std::map<std::string, metrics::AttachedProbe>;

void add_probes(const attach::CountedBinary& binary, std::span<const std::uint64_t> hits, ByName& attached,
                std::vector<metrics::NotAttachedProbe>& not_attached) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    const plan::PlannedProbe& planned = binary.plan.probes[i];
    if (const std::string& error = binary.probes[i].error; !error.empty()) {
      not_attached.push_back({.probe = planned.name, .reason = error});
      continue;
    }
    if (binary.probes[i].presence == attach::Presence::kDetached) {
      not_attached.push_back(
          {.probe = planned.name,
           .reason =
               fmt::format("it costs {} more than its budget; it is tried again later", binary.service)});
      continue;
    }
    metrics::AttachedProbe& probe = attached[planned.name];
    probe.probe = planned.name;
    probe.inlined_copies += planned.copied_into.size();
    probe.sites += planned.entry_sites.size() + planned.return_sites.size();
    const std::size_t first = binary.probes[i].number * std::size_t{2};
    probe.hits += hits[first] + hits[first + 1];
  }
  for (const plan::SkippedProbe& skipped : binary.plan.skipped) {
    not_attached.push_back({.probe = skipped.name, .reason = skipped.reason});
  }
}

std::set<units::ProbeId> detached_now(const units::View& view) {
  std::set<units::ProbeId> detached;
  for (const units::UnitView& unit : view.units) {
    const attach::CountedBinary& binary = *unit.binary;
    for (std::size_t i = 0; unit.is_current() && i < binary.probes.size(); ++i) {
      if (binary.probes[i].presence == attach::Presence::kDetached) {
        detached.insert({binary.service, binary.plan.probes[i].name});
      }
    }
  }
  return detached;
}

void remove_doubles(std::vector<std::string>& names) {
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
}

// Calls in flight, of all there may be.
void add_in_flight(metrics::SelfState& state, const attach::CountedBinary& binary) {
  state.in_flight_limit += binary.in_flight_limit;
  if (const auto frames = collect::read_frames(binary)) {
    std::set<std::pair<std::uint32_t, std::uint64_t>> goroutines;  // their limit is one of goroutines
    for (const collect::RawFrame& frame : *frames) {
      goroutines.emplace(frame.process, frame.goroutine);
    }
    state.in_flight_entries += goroutines.size();
  }
}

}  // namespace

metrics::SelfState report_units(const units::View& view, const attach::SharedMaps& maps, base::Logger& log) {
  metrics::SelfState state;
  state.build = build_info();
  state.services = view.services;
  state.blind_seconds = view.blind_seconds;
  state.resets = view.resets;
  state.is_superseded = view.superseded.has_value();
  state.reload = view.reload;
  state.series_memory_failures = view.series_memory_failures;
  const auto hits = collect::read_hits(maps);
  const auto losses = collect::read_losses(maps);
  if (!hits || !losses) {
    log.error("reading hits and losses", {{"error", (hits ? losses.error() : hits.error()).message}});
    return state;
  }
  ByName attached;
  state.losses = view.totals->losses;
  std::map<std::string, std::uint64_t> hits_before = view.totals->hits;
  for (const units::UnitView& unit : view.units) {
    const attach::CountedBinary& binary = *unit.binary;
    if (unit.is_current() && unit.has_links) {
      add_probes(binary, *hits, attached, state.not_attached);
    } else {
      collect::add_hits(hits_before, binary, *hits);
    }
    std::ranges::move(collect::name_losses(binary, *losses), std::back_inserter(state.losses));
    std::ranges::copy(unit.unknown_baselines, std::back_inserter(state.unknown_baselines));
    std::ranges::copy(collect::unknown_gauges(binary), std::back_inserter(state.unknown_baselines));
    if (unit.is_current()) {
      add_in_flight(state, binary);
    }
  }
  for (const auto& [name, count] : hits_before) {
    if (const auto probe = attached.find(name); probe != attached.end()) {
      probe->second.hits += count;
    }
  }
  remove_doubles(state.unknown_baselines);
  for (auto& [name, probe] : attached) {
    state.attached.push_back(std::move(probe));
  }
  return state;
}

void report_costs(metrics::SelfState& state, const units::View& view, const units::CostMeter& meter) {
  const attach::HitCosts& prices = meter.prices();
  state.hit_costs_measured = prices.is_measured;
  for (const auto& [site, price] :
       {std::pair("emulated", prices.emulated_entry), std::pair("stepped", prices.stepped_entry),
        std::pair("return", prices.at_return)}) {
    state.hit_costs.push_back({.site = site, .process = "target", .seconds = price.target_ns / kNsPerSecond});
    state.hit_costs.push_back(
        {.site = site, .process = "stranger", .seconds = price.stranger_ns / kNsPerSecond});
  }
  for (const config::Service& service : view.config->services) {
    if (const auto limit = view.budget.limit_of(service.name)) {
      state.budgets.push_back({.service = service.name, .cores = *limit});
    }
  }
  const std::set<units::ProbeId> detached = detached_now(view);
  for (const auto& [id, cost] : meter.costs()) {
    const auto detaches = view.budget.detaches().find(id);
    state.costs.push_back({.service = id.service,
                           .probe = id.probe,
                           .target_seconds = cost.target_seconds,
                           .stranger_seconds = cost.stranger_seconds,
                           .is_over_budget = detached.contains(id),
                           .detaches = detaches == view.budget.detaches().end() ? 0 : detaches->second});
  }
}

std::vector<metrics::MetricUse> use_of_metrics(const config::ProbeConfig& config,
                                               const std::vector<collect::Sample>& samples) {
  using Labels = const std::vector<std::string>*;
  const auto hash = [](Labels labels) {
    std::size_t mixed = labels->size();
    for (const std::string& label : *labels) {
      mixed = mixed * 31 + std::hash<std::string>{}(label);
    }
    return mixed;
  };
  const auto are_equal = [](Labels one, Labels other) { return *one == *other; };
  std::map<std::string_view, std::unordered_set<Labels, decltype(hash), decltype(are_equal)>> series;
  for (const collect::Sample& sample : samples) {
    series[sample.metric].insert(&sample.labels);
  }
  std::vector<metrics::MetricUse> uses;
  for (const config::Metric& metric : config.metrics) {
    if (metric.kind != config::MetricKind::kRatio) {
      uses.push_back(
          {.metric = metric.name, .series = series[metric.name].size(), .limit = metric.max_series});
    }
  }
  return uses;
}

}  // namespace app
