#include "units/process_follower.hpp"

namespace units {

void ProcessFollower::look_at_all(const std::vector<config::Service>& services) {
  looked_at_all_ = clock_->steady_now();
  children_.clear();
  table_.look_at_all(services);
}

bool ProcessFollower::follow(const std::vector<config::Service>& services,
                             std::span<const process_event> events, std::uint64_t lost) {
  if (lost != lost_ || clock_->steady_now() - looked_at_all_ >= kLookAtAllEvery) {
    lost_ = lost;
    look_at_all(services);
    return true;
  }
  bool changed = false;
  for (const process_event& event : events) {
    changed = follow(services, event) || changed;
  }
  return look_at_children(services) || changed;
}

bool ProcessFollower::follow(const std::vector<config::Service>& services, const process_event& event) {
  const auto pid = static_cast<pid_t>(event.pid);
  if (pid == 0) {
    return false;  // not in our pid namespace
  }
  switch (event.kind) {
    case EVENT_EXIT:
      return table_.remove(pid);
    case EVENT_FORK:
      children_.push_back({.pid = pid, .since = clock_->steady_now()});
      return false;
    default:
      return table_.look_at(services, pid);
  }
}

bool ProcessFollower::look_at_children(const std::vector<config::Service>& services) {
  bool changed = false;
  while (!children_.empty() && clock_->steady_now() - children_.front().since >= kForkDelay) {
    changed = table_.look_at(services, children_.front().pid) || changed;
    children_.pop_front();
  }
  return changed;
}

std::vector<pid_t> ProcessFollower::take_new_members() {
  std::vector<pid_t> pids;
  std::set<std::pair<pid_t, std::uint64_t>> members;
  for (const discover::Target& target : table_.targets()) {
    for (const discover::Target::Member& member : target.members) {
      const std::pair id(member.process.pid, member.process.start_time_ticks);
      if (!known_.contains(id)) {
        pids.push_back(id.first);
      }
      members.insert(id);
    }
  }
  known_ = std::move(members);
  return pids;
}

bool ProcessFollower::look_again(const std::vector<config::Service>& services, std::span<const pid_t> pids) {
  bool changed = false;
  for (const pid_t pid : pids) {
    changed = table_.look_at(services, pid) || changed;
  }
  return changed;
}

}  // namespace units
