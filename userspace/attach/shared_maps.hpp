// BATON of stage 5, part of: the maps that are no single binary's. bpf/lib/maps.bpf.h says of each what it
// holds.
#pragma once

#include "base/shared_fd.hpp"

namespace attach {

// Maps that all probe programs of this exporter use; all but `events`, `lost_events` and `blank_record` are
// handed on to the next.
struct SharedMaps {
  base::SharedFd processes;
  base::SharedFd process_records;
  base::SharedFd process_services;
  base::SharedFd process_labels;
  base::SharedFd blank_record;
  base::SharedFd last_number;
  base::SharedFd events;
  base::SharedFd lost_events;
  base::SharedFd hits;
  base::SharedFd stranger_hits;
  base::SharedFd losses;
  base::SharedFd gates;
  base::SharedFd handover_marks;
};

}  // namespace attach
