// The kernel side that every probe shares: numbers of processes, hits, losses, and news of exec and exit.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "abi/maps.h"
#include "attach/bpf_handles.hpp"
#include "attach/pin_folder.hpp"
#include "attach/shared_maps.hpp"
#include "base/error.hpp"
#include "base/shared_fd.hpp"
#include "base/unique_fd.hpp"

namespace attach {

// Fresh maps that no other exporter sees, for few processes.
[[nodiscard]] base::Result<SharedMaps> private_shared_maps();

// The pid namespace whose pids userspace means.
struct PidNamespace {
  std::uint32_t inode = 0;  // of /proc/PID/ns/pid; 0: the initial namespace
};

// Of this process. Error: /proc is that of another namespace, whose pids mean nothing here.
[[nodiscard]] base::Result<PidNamespace> own_pid_namespace();

class ProcessWatch {
 public:
  // Takes the shared maps from `pins`, or creates them there, and begins to follow exec and exit.
  // kUnsupported: the pinned maps are of another version.
  static base::Result<ProcessWatch> start(const PinFolder& pins);

  [[nodiscard]] const SharedMaps& maps() const { return maps_; }

  [[nodiscard]] const PidNamespace& pid_namespace() const { return pid_namespace_; }

  // Follows these processes (pids as userspace sees them): they have numbers also before their first hit, and
  // their exec, forks and exit are events. One that is gone is passed over.
  [[nodiscard]] base::Result<> number_processes(std::span<const pid_t> pids) const;

  // An exec is an event if the executable has one of these names (the last component of its path), or if the
  // process had a number. Absent: every exec is one, as it is at the start. Without effect where the kernel
  // is locked down: every exec stays an event.
  [[nodiscard]] base::Result<> follow_names(const std::optional<std::vector<std::string>>& names) const;

  // Decides for a process whose services' probes count it. One that has exited, or runs another image by now,
  // has another number or none: nothing happens.
  void classify(const process_record& record, std::uint32_t number, std::uint64_t services) const;

  // Readable when there are events.
  [[nodiscard]] int event_fd() const;

  // Events that found no room since the start.
  [[nodiscard]] std::uint64_t lost_events() const;

  // The events that are there. One thread only.
  base::Result<std::vector<process_event>> take_events();

 private:
  SharedMaps maps_;
  PidNamespace pid_namespace_;
  std::vector<LinkHandle> links_;
  base::UniqueFd wanted_processes_;
  base::UniqueFd followed_names_;
  base::UniqueFd classify_process_;
  LinkHandle number_wanted_;  // an iterator: runs when it is read
  // libbpf hands events to a callback: they are gathered here. On the heap, as the callback keeps its
  // address.
  std::unique_ptr<std::vector<process_event>> gathered_;
  RingBufferHandle ring_;
};

}  // namespace attach
