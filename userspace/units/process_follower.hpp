// Which processes are the services': follows the kernel's news of single processes, and looks at all of them
// now and then, in case there was no news.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "abi/maps.h"
#include "base/clock.hpp"
#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "discover/target.hpp"
#include "discover/target_table.hpp"

namespace units {

// One thread at a time.
class ProcessFollower {
 public:
  // How long after a fork the child is looked at: most children exec at once.
  static constexpr std::chrono::milliseconds kForkDelay{500};
  static constexpr std::chrono::seconds kLookAtAllEvery{30};

  // `proc` and `clock` outlive the result. `self`, the exporter, is never a target.
  ProcessFollower(const discover::ProcFs* proc, pid_t self, const base::Clock* clock)
      : table_(proc, self), clock_(clock) {}

  void look_at_all(const std::vector<config::Service>& services);

  // Takes in events in their order; `lost`: how many were ever lost, read after the events were taken. To be
  // called at least every kForkDelay, also without events. Returns whether targets() may have changed.
  bool follow(const std::vector<config::Service>& services, std::span<const process_event> events,
              std::uint64_t lost);

  // Pids in targets() that were not returned before.
  [[nodiscard]] std::vector<pid_t> take_new_members();

  // Of processes that the kernel follows now: their exec and exit are news from now on, but were not before.
  // Returns whether targets() has changed.
  bool look_again(const std::vector<config::Service>& services, std::span<const pid_t> pids);

  [[nodiscard]] std::vector<discover::Target> targets() const { return table_.targets(); }

 private:
  struct Child {
    pid_t pid = 0;
    std::chrono::steady_clock::time_point since;
  };

  bool follow(const std::vector<config::Service>& services, const process_event& event);
  bool look_at_children(const std::vector<config::Service>& services);

  discover::TargetTable table_;
  const base::Clock* clock_;
  std::deque<Child> children_;                       // the oldest first
  std::set<std::pair<pid_t, std::uint64_t>> known_;  // members, by pid and start time
  std::chrono::steady_clock::time_point looked_at_all_;
  std::uint64_t lost_ = 0;
};

}  // namespace units
