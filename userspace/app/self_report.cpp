#include "app/self_report.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "app/version.hpp"
#include "collect/collector.hpp"
#include "collect/read_maps.hpp"

namespace app {
namespace {

constexpr double kNsPerSecond = 1e9;

// A probe that several services share has one program in each; here it is one probe.
using ByName = std::map<std::string, metrics::AttachedProbe>;

void add_probes(const attach::AttachedBinary& binary, std::span<const std::uint64_t> hits, ByName& attached,
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
    probe.sites += planned.entry_sites.size() + planned.return_sites.size();
    const std::size_t first = binary.probes[i].number * std::size_t{2};
    probe.hits += hits[first] + hits[first + 1];
  }
  for (const plan::SkippedProbe& skipped : binary.plan.skipped) {
    not_attached.push_back({.probe = skipped.name, .reason = skipped.reason});
  }
}

std::vector<metrics::ServiceState> count_processes(const config::ProbeConfig& config,
                                                   const std::vector<discover::Target>& targets) {
  std::vector<metrics::ServiceState> states;
  for (const config::Service& service : config.services) {
    metrics::ServiceState state{.service = service.name, .processes = 0};
    for (const discover::Target& target : targets) {
      state.processes +=
          static_cast<std::uint64_t>(std::ranges::count_if(target.members, [&](const auto& member) {
            return std::ranges::find(member.services, service.name) != member.services.end();
          }));
    }
    states.push_back(std::move(state));
  }
  return states;
}

std::set<units::ProbeId> detached_now(const units::Attachments& attachments) {
  std::set<units::ProbeId> detached;
  for (const auto& attachment : attachments.all()) {
    const attach::AttachedBinary& binary = attachment->binary;
    for (std::size_t i = 0; attachment->is_current && i < binary.probes.size(); ++i) {
      if (binary.probes[i].presence == attach::Presence::kDetached) {
        detached.insert({binary.service, binary.plan.probes[i].name});
      }
    }
  }
  return detached;
}

}  // namespace

std::optional<std::string> first_problem(const units::Attachment& attachment) {
  const attach::AttachedBinary& binary = attachment.binary;
  if (!binary.plan.skipped.empty()) {
    const plan::SkippedProbe& skipped = binary.plan.skipped.front();
    return fmt::format("probe {}: {}", skipped.name, skipped.reason);
  }
  const auto failed = std::ranges::find_if(
      binary.probes, [](const attach::AttachedProbe& probe) { return !probe.error.empty(); });
  if (failed == binary.probes.end()) {
    return std::nullopt;
  }
  return fmt::format("probe {}: {}",
                     binary.plan.probes[static_cast<std::size_t>(failed - binary.probes.begin())].name,
                     failed->error);
}

metrics::SelfState report_attachments(const config::ProbeConfig& config,
                                      const units::Attachments& attachments, const units::KeptState& kept,
                                      const std::vector<discover::Target>& targets,
                                      const attach::SharedMaps& maps, base::Logger& log) {
  metrics::SelfState state;
  state.build = build_info();
  state.services = count_processes(config, targets);
  const auto hits = collect::read_hits(maps);
  const auto losses = collect::read_losses(maps);
  if (!hits || !losses) {
    log.error("reading hits and losses", {{"error", (hits ? losses.error() : hits.error()).message}});
    return state;
  }
  ByName attached;
  state.losses = kept.totals().losses;
  std::map<std::string, std::uint64_t> hits_before = kept.totals().hits;
  for (const auto& attachment : attachments.all()) {
    if (attachment->is_current && !attachment->binary.links.empty()) {
      add_probes(attachment->binary, *hits, attached, state.not_attached);
    } else {
      collect::add_hits(hits_before, attachment->binary, *hits);
    }
    std::ranges::move(collect::name_losses(attachment->binary, *losses), std::back_inserter(state.losses));
    std::ranges::copy(attachment->calls ? attachment->calls->unknown_baselines() : attachment->unknown_before,
                      std::back_inserter(state.unknown_baselines));
    std::ranges::copy(collect::unknown_gauges(attachment->binary),
                      std::back_inserter(state.unknown_baselines));
    if (!attachment->is_current) {
      continue;
    }
    state.in_flight_limit += attachment->binary.in_flight_limit;
    if (const auto frames = collect::read_frames(attachment->binary)) {
      state.in_flight_entries += frames->size();
    }
  }
  for (const auto& [name, count] : hits_before) {
    if (const auto probe = attached.find(name); probe != attached.end()) {
      probe->second.hits += count;
    }
  }
  state.blind_seconds = kept.blind_seconds();
  state.resets = kept.resets();
  std::ranges::sort(state.unknown_baselines);
  state.unknown_baselines.erase(std::ranges::unique(state.unknown_baselines).begin(),
                                state.unknown_baselines.end());
  for (auto& [name, probe] : attached) {
    state.attached.push_back(std::move(probe));
  }
  return state;
}

void report_costs(metrics::SelfState& state, const config::ProbeConfig& config, const units::CostMeter& meter,
                  const units::Budget& budget, const units::Attachments& attachments) {
  const attach::HitCosts& prices = meter.prices();
  state.hit_costs_measured = prices.is_measured;
  for (const auto& [site, price] :
       {std::pair("emulated", prices.emulated_entry), std::pair("stepped", prices.stepped_entry),
        std::pair("return", prices.at_return)}) {
    state.hit_costs.push_back({.site = site, .process = "target", .seconds = price.target_ns / kNsPerSecond});
    state.hit_costs.push_back(
        {.site = site, .process = "stranger", .seconds = price.stranger_ns / kNsPerSecond});
  }
  for (const config::Service& service : config.services) {
    if (const auto limit = budget.limit_of(service.name)) {
      state.budgets.push_back({.service = service.name, .cores = *limit});
    }
  }
  const std::set<units::ProbeId> detached = detached_now(attachments);
  for (const auto& [id, cost] : meter.costs()) {
    const auto detaches = budget.detaches().find(id);
    state.costs.push_back({.service = id.service,
                           .probe = id.probe,
                           .target_seconds = cost.target_seconds,
                           .stranger_seconds = cost.stranger_seconds,
                           .is_over_budget = detached.contains(id),
                           .detaches = detaches == budget.detaches().end() ? 0 : detaches->second});
  }
}

std::vector<metrics::MetricUse> use_of_metrics(const config::ProbeConfig& config,
                                               const std::vector<collect::Sample>& samples) {
  std::map<std::string, std::set<std::vector<std::string>>> series;
  for (const collect::Sample& sample : samples) {
    series[sample.metric].insert(sample.labels);
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
