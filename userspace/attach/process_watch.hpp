// The kernel side that every probe shares: numbers of processes, hits, losses, and news of exec and exit.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "abi/maps.h"
#include "attach/bpf_handles.hpp"
#include "attach/pin_folder.hpp"
#include "base/error.hpp"
#include "base/shared_fd.hpp"
#include "base/unique_fd.hpp"

namespace attach {

// Maps that all probe programs of this exporter use; all but `events` and `blank_record` are handed on to the
// next.
struct SharedMaps {
  base::SharedFd processes;
  base::SharedFd process_records;
  base::SharedFd process_services;
  base::SharedFd process_labels;
  base::SharedFd blank_record;
  base::SharedFd last_number;
  base::SharedFd events;
  base::SharedFd hits;
  base::SharedFd stranger_hits;
  base::SharedFd losses;
  base::SharedFd gates;
  base::SharedFd handover_marks;
};

// Fresh maps that no other exporter sees, for few processes.
[[nodiscard]] base::Result<SharedMaps> private_shared_maps();

// The pid namespace whose pids userspace means.
struct PidNamespace {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

[[nodiscard]] base::Result<PidNamespace> own_pid_namespace();

class ProcessWatch {
 public:
  // Takes the shared maps from `pins`, or creates them there, and begins to follow exec and exit.
  // kUnsupported: the pinned maps are of another version.
  static base::Result<ProcessWatch> start(const PinFolder& pins);

  [[nodiscard]] const SharedMaps& maps() const { return maps_; }

  [[nodiscard]] const PidNamespace& pid_namespace() const { return pid_namespace_; }

  // Sees to it that these processes, as userspace numbers pids, have their numbers, also before their first
  // hit. One that is gone has none.
  [[nodiscard]] base::Result<> number_processes(std::span<const pid_t> pids) const;

  // Readable when there are events.
  [[nodiscard]] int event_fd() const;

  // The events that are there. One thread only.
  base::Result<std::vector<process_event>> take_events();

 private:
  SharedMaps maps_;
  PidNamespace pid_namespace_;
  std::vector<LinkHandle> links_;
  base::UniqueFd wanted_processes_;
  LinkHandle number_wanted_;  // an iterator: runs when it is read
  // libbpf hands events to a callback: they are gathered here. On the heap, as the callback keeps its
  // address.
  std::unique_ptr<std::vector<process_event>> gathered_;
  RingBufferHandle ring_;
};

}  // namespace attach
