// Which probes are detached for a while, as they cost more than the configuration allows. Pure: costs and
// time in, decisions out.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "units/probe_costs.hpp"

namespace units {

// The dearest probe of a service, or of processes that are no targets, which take more than their budget.
struct BudgetBreak {
  ProbeId probe;
  bool is_of_strangers = false;
  double cores = 0;        // share of a core that all probes that are there took over the window
  double probe_cores = 0;  // that this one took
  double limit = 0;
  std::chrono::seconds pause{0};  // until it is tried again

  bool operator==(const BudgetBreak&) const = default;
};

class Budget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Decision {
    std::vector<BudgetBreak> detach;  // at most one of each service, and one for strangers
    std::vector<ProbeId> retry;

    [[nodiscard]] bool is_empty() const { return detach.empty() && retry.empty(); }
  };

  // Other limits than before begin anew: what is detached may come back at once.
  void use(const config::ProbeConfig& config);

  // To be asked now and then, more often than the window is long. Each service's cost is looked at over one
  // window after another; one begins anew when a probe of it comes back. A probe that breaks the budget again
  // before it has stayed for as long as it was away is away twice as long, up to an hour.
  [[nodiscard]] Decision decide(Time now, const ProbeCosts& costs);

  // Probes of a service that are to be away.
  [[nodiscard]] std::set<std::string> detached(const std::string& service) const;

  [[nodiscard]] std::optional<double> limit_of(const std::string& service) const;

  // How often each was detached.
  [[nodiscard]] const std::map<ProbeId, std::uint64_t>& detaches() const { return detaches_; }

 private:
  // Whose cost is added up: a service's, or that of strangers.
  struct Group {
    std::string service;  // empty: strangers
    double limit = 0;

    bool operator==(const Group&) const = default;
  };

  struct Window {
    Time start;
    ProbeCosts costs;  // at its start
  };

  struct Away {
    Time until;
    std::chrono::seconds pause{0};
  };

  struct Back {
    Time since;
    std::chrono::seconds pause{0};  // that it was away
  };

  [[nodiscard]] std::optional<BudgetBreak> find_break(const Group& group, const Window& window, Time now,
                                                      const ProbeCosts& costs) const;
  void bring_back(Time now, Decision& decision);
  void send_away(Time now, BudgetBreak& found);

  config::Budget settings_;
  std::vector<Group> groups_;
  std::map<std::string, Window> windows_;  // by group
  std::map<ProbeId, Away> away_;
  std::map<ProbeId, Back> back_;
  std::map<ProbeId, std::uint64_t> detaches_;
};

}  // namespace units
