#include "units/probe_costs.hpp"

#include <algorithm>

#include "plan/machine/stepping.hpp"

namespace units {
namespace {

constexpr double kNsPerSecond = 1e9;

// Strangers are read last, and may be more than there were.
std::uint64_t targets(std::uint64_t all, std::uint64_t strangers) {
  return all - std::min(all, strangers);
}

std::uint64_t less(std::uint64_t hits, std::uint64_t before) {
  return hits - std::min(hits, before);
}

collect::ProbeHits less(const collect::ProbeHits& hits, const collect::ProbeHits& before) {
  return {.entries = less(hits.entries, before.entries),
          .returns = less(hits.returns, before.returns),
          .stranger_entries = less(hits.stranger_entries, before.stranger_entries),
          .stranger_returns = less(hits.stranger_returns, before.stranger_returns)};
}

}  // namespace

ProbeCost cost_of(const plan::PlannedProbe& probe, const collect::ProbeHits& hits,
                  const attach::HitCosts& costs) {
  const attach::HitCost& entry =
      std::ranges::all_of(probe.entry_sites, plan::is_emulated) ? costs.emulated_entry : costs.stepped_entry;
  const double target_ns =
      static_cast<double>(targets(hits.entries, hits.stranger_entries)) * entry.target_ns +
      static_cast<double>(targets(hits.returns, hits.stranger_returns)) * costs.at_return.target_ns;
  const double stranger_ns = static_cast<double>(hits.stranger_entries) * entry.stranger_ns +
                             static_cast<double>(hits.stranger_returns) * costs.at_return.stranger_ns;
  return {.target_seconds = target_ns / kNsPerSecond, .stranger_seconds = stranger_ns / kNsPerSecond};
}

void CostMeter::use(const attach::HitCosts& prices) {
  prices_ = prices;
  for (auto& [number, seen] : seen_) {
    seen.before = seen.hits;
    seen.cost = {};
  }
}

void CostMeter::update(const ProbeId& id, const plan::PlannedProbe& probe, std::uint16_t number,
                       const collect::ProbeHits& hits) {
  Seen& seen = seen_[number];
  ProbeCost& total = costs_[id];
  if (seen.id != id) {
    seen = {.id = id, .before = hits, .hits = hits, .cost = {}};
    return;
  }
  if (hits.entries < seen.hits.entries || hits.returns < seen.hits.returns) {
    seen.before = {};
    seen.cost = {};
  }
  const ProbeCost now = cost_of(probe, less(hits, seen.before), prices_);
  // What is too little now, as strangers were counted meanwhile, comes with the next time.
  const auto add = [&](double ProbeCost::* part) {
    const double more = std::max(0.0, now.*part - seen.cost.*part);
    total.*part += more;
    seen.cost.*part += more;
  };
  add(&ProbeCost::target_seconds);
  add(&ProbeCost::stranger_seconds);
  seen.hits = hits;
}

void measure(CostMeter& meter, const attach::CountedBinary& binary, const attach::SharedMaps& maps) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    const std::uint16_t number = binary.probes[i].number;
    meter.update({binary.service, binary.plan.probes[i].name}, binary.plan.probes[i], number,
                 collect::read_probe_hits(maps, number));
  }
}

}  // namespace units
