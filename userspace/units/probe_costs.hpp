// What probes cost the processes that they are in: hits, at the price of one. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>

#include "attach/attached_binary.hpp"
#include "attach/hit_costs.hpp"
#include "attach/process_watch.hpp"
#include "collect/probe_hits.hpp"
#include "plan/probe_plan.hpp"

namespace units {

// A probe of one service.
struct ProbeId {
  std::string service;
  std::string probe;

  auto operator<=>(const ProbeId&) const = default;
};

// Seconds of CPU time.
struct ProbeCost {
  double target_seconds = 0;    // of the service's processes
  double stranger_seconds = 0;  // of others that run the file

  bool operator==(const ProbeCost&) const = default;
};

using ProbeCosts = std::map<ProbeId, ProbeCost>;

// A hit does not tell its site: one of a probe with entries of both kinds is reckoned as the dearer kind. Of
// several probes at one instruction each is charged the whole trap.
[[nodiscard]] ProbeCost cost_of(const plan::PlannedProbe& probe, const collect::ProbeHits& hits,
                                const attach::HitCosts& costs);

// Adds up costs since it was made, whatever becomes of the kernel's counts: those begin at 0 again with a
// probe's number, and those of an exporter before us were counted at another price.
class CostMeter {
 public:
  // With defaults for prices.
  CostMeter() = default;

  explicit CostMeter(const attach::HitCosts& prices) : prices_(prices) {}

  // Prices of what is hit from now on. What was hit before keeps the price that it had.
  void use(const attach::HitCosts& prices);

  // Hits of `probe` up to now, whose programs have this number. What was before the first time is not ours.
  void update(const ProbeId& id, const plan::PlannedProbe& probe, std::uint16_t number,
              const collect::ProbeHits& hits);

  [[nodiscard]] const ProbeCosts& costs() const { return costs_; }

  [[nodiscard]] const attach::HitCosts& prices() const { return prices_; }

 private:
  struct Seen {
    ProbeId id;
    collect::ProbeHits before;  // an exporter before us, or another price
    collect::ProbeHits hits;
    ProbeCost cost;  // of those after `before`, as far as it is in costs_
  };

  attach::HitCosts prices_;
  std::map<std::uint16_t, Seen> seen_;  // by number
  ProbeCosts costs_;
};

// Brings `meter` up to what the probes of a binary have been hit until now.
void measure(CostMeter& meter, const attach::CountedBinary& binary, const attach::SharedMaps& maps);

}  // namespace units
