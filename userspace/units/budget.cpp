#include "units/budget.hpp"

#include <algorithm>
#include <utility>

namespace units {
namespace {

constexpr std::chrono::seconds kLongestPause = std::chrono::hours(1);
constexpr const char* kStrangers = "";

// What a probe costs the members of a group.
double seconds_of(const std::string& group, const ProbeId& id, const ProbeCost& cost) {
  if (group == kStrangers) {
    return cost.stranger_seconds;
  }
  return id.service == group ? cost.target_seconds : 0;
}

}  // namespace

void Budget::use(const config::ProbeConfig& config) {
  std::vector<Group> groups;
  for (const config::Service& service : config.services) {
    if (const auto limit = service.budget_cores ? service.budget_cores : config.budget.cores) {
      groups.push_back({.service = service.name, .limit = *limit});
    }
  }
  if (config.budget.cores) {
    groups.push_back({.service = kStrangers, .limit = *config.budget.cores});
  }
  if (groups == groups_ && config.budget == settings_) {
    return;
  }
  settings_ = config.budget;
  groups_ = std::move(groups);
  windows_.clear();
  away_.clear();
  back_.clear();
}

Budget::Decision Budget::decide(Time now, const ProbeCosts& costs) {
  Decision decision;
  bring_back(now, decision);
  for (const Group& group : groups_) {
    const auto [window, is_new] = windows_.try_emplace(group.service, Window{.start = now, .costs = costs});
    if (is_new || now - window->second.start < settings_.window) {
      continue;
    }
    if (auto found = find_break(group, window->second, now, costs)) {
      send_away(now, *found);
      decision.detach.push_back(*std::move(found));
    }
    window->second = {.start = now, .costs = costs};
  }
  return decision;
}

void Budget::bring_back(Time now, Decision& decision) {
  std::erase_if(away_, [&](const auto& entry) {
    const auto& [id, away] = entry;
    if (now < away.until) {
      return false;
    }
    back_[id] = {.since = now, .pause = away.pause};
    windows_.erase(id.service);
    windows_.erase(kStrangers);
    decision.retry.push_back(id);
    return true;
  });
}

std::optional<BudgetBreak> Budget::find_break(const Group& group, const Window& window, Time now,
                                              const ProbeCosts& costs) const {
  const double elapsed = std::chrono::duration<double>(now - window.start).count();
  BudgetBreak found{.is_of_strangers = group.service == kStrangers, .limit = group.limit};
  for (const auto& [id, cost] : costs) {
    // What one cost until it was out is no fault of the others.
    if (away_.contains(id)) {
      continue;
    }
    const auto before = window.costs.find(id);
    const double cores =
        (seconds_of(group.service, id, cost) -
         (before == window.costs.end() ? 0 : seconds_of(group.service, id, before->second))) /
        elapsed;
    found.cores += cores;
    if (cores > found.probe_cores) {
      found.probe = id;
      found.probe_cores = cores;
    }
  }
  return found.cores > group.limit && found.probe_cores > 0 ? std::optional(found) : std::nullopt;
}

void Budget::send_away(Time now, BudgetBreak& found) {
  const auto back = back_.find(found.probe);
  // Before it can be found, it has been there for a window or two.
  const bool is_soon =
      back != back_.end() && now - back->second.since < back->second.pause + 2 * settings_.window;
  found.pause = is_soon ? std::min(2 * back->second.pause, std::max(kLongestPause, settings_.retry_after))
                        : settings_.retry_after;
  away_[found.probe] = {.until = now + found.pause, .pause = found.pause};
  ++detaches_[found.probe];
}

std::set<std::string> Budget::detached(const std::string& service) const {
  std::set<std::string> names;
  for (const auto& [id, away] : away_) {
    if (id.service == service) {
      names.insert(id.probe);
    }
  }
  return names;
}

std::optional<double> Budget::limit_of(const std::string& service) const {
  const auto group = std::ranges::find(groups_, service, &Group::service);
  return group == groups_.end() ? std::nullopt : std::optional(group->limit);
}

}  // namespace units
