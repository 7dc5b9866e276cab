// Calls in flight of one attached binary, checked against the stacks of its processes: calls that were
// running before the probes came are put into the kernel's records, and recorded calls that ended unseen
// (Goexit, a panic or a return that was missed) are ended.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "attach/attached_binary.hpp"
#include "attach/call_records.hpp"
#include "attach/process_watch.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "collect/compare_calls.hpp"
#include "collect/goroutine_walk.hpp"
#include "collect/process_memory.hpp"
#include "units/code_places.hpp"

namespace units {

struct LiveProcess {
  std::uint32_t number = 0;
  pid_t pid = 0;
  std::uint64_t start_time_ns = 0;  // boot time clock
  std::string library = {};         // the shared library that has the Go code; empty: the executable has it
};

class RunningCalls {
 public:
  // After the probes are attached. `unknown` is what unknown_baselines() says before the first look. The
  // other arguments outlive the result.
  RunningCalls(const attach::AttachedBinary& binary, const attach::SharedMaps& shared,
               std::vector<std::string> unknown, const base::Clock& clock, base::Logger& log);

  // Looks at processes that are new, at all of them now and then, and at goroutines that were not clear the
  // last time. The processes go on meanwhile.
  void look(std::span<const LiveProcess> processes);

  // Calls that run and have no place in the kernel's records: their goroutine has a record already, of a call
  // that runs inside, and only the goroutine itself can change that. As of the last look.
  [[nodiscard]] const std::vector<collect::RawFrame>& unrecorded() const;

  // Gauges that lack calls which began before the probes were attached. As of the last look.
  [[nodiscard]] const std::vector<std::string>& unknown_baselines() const;

 private:
  // What makes a recorded call one and no other.
  using CallId = std::pair<std::pair<std::uint64_t, std::uint32_t>, std::pair<std::uint16_t, std::uint64_t>>;

  // One process, from look to look.
  struct Process {
    LiveProcess live;
    collect::ProcessMemory memory{0};
    std::uint64_t bias = 0;
    std::chrono::steady_clock::time_point next_sweep;
    std::chrono::steady_clock::time_point next_look;           // not before: looks at this process take long
    std::unordered_map<std::uint64_t, std::uint64_t> unclear;  // goroutine -> address of its g, 0: unknown
    std::set<CallId> suspects;                                 // recorded, not on the stack at the last look
    std::set<CallId> unknowable;  // running, not recorded, and no way to record them
    std::set<std::string> unknown_metrics;
    std::set<std::uint64_t> unseen;  // goroutines that have been running at every look: calls may hide in them
    std::vector<collect::RawFrame> unrecorded;
    bool is_readable = true;
    bool has_lost = false;  // a goroutine at rest whose stack makes no sense, at the last look
    bool was_read = false;
    std::uint64_t recovered = 0;
  };

  static CallId id_of(const collect::RawFrame& frame);

  void open_code(const Process& process);
  void find_functions();
  void add(const LiveProcess& live);
  void forget_gone(std::span<const LiveProcess> processes);
  void look_at(Process& process);
  void rest_after(Process& process, std::chrono::nanoseconds cost);
  void sweep(Process& process, bool is_first);
  bool look_at_all(Process& process, collect::GoroutineWalk& walk);
  void look_again(Process& process);
  void take_in(Process& process, const collect::CallComparison& comparison,
               const collect::GoroutineWalk& walk);
  void end_gone(Process& process, const std::vector<collect::RawFrame>& gone,
                const collect::GoroutineWalk& walk);
  void record_missing(Process& process, const std::vector<collect::RawFrame>& missing,
                      const collect::GoroutineWalk& walk);
  void note_unknowable(Process& process, const collect::RawFrame& frame, const collect::GoroutineWalk& walk,
                       std::set<CallId>& found);
  [[nodiscard]] bool is_recoverable(const collect::RawFrame& frame) const;
  [[nodiscard]] collect::WalkRequest request_for(const Process& process);
  [[nodiscard]] std::vector<collect::RawFrame> frames_of(const Process& process) const;
  [[nodiscard]] std::vector<std::string> metrics_of(std::uint16_t probe) const;
  [[nodiscard]] std::set<std::string> unknown_metrics_of(const Process& process) const;
  void sum_up();

  const attach::AttachedBinary* binary_;  // the attachment's
  const base::Clock* clock_;              // owned by main
  base::Logger* log_;                     // owned by main
  std::uint64_t attached_ns_;             // boot time clock
  std::unique_ptr<attach::CallRecords> records_;
  CodePlaces places_;
  std::vector<collect::FollowedFunction> functions_;
  std::unordered_set<std::uint64_t> entries_;
  std::map<std::uint32_t, Process> processes_;

  std::vector<collect::RawFrame> unrecorded_;
  std::vector<std::string> unknown_;
};

}  // namespace units
