// BATON of stage 5: one binary's probes in the kernel. Owns links and maps; destroying it detaches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attach/bpf_handles.hpp"
#include "base/unique_fd.hpp"
#include "discover/target.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Maps that the probes of one binary share.
struct BinaryMaps {
  base::UniqueFd goroutines;
  base::UniqueFd blank_goroutine;
  base::UniqueFd spilled;
  base::UniqueFd unwound;
  base::UniqueFd objects;
  base::UniqueFd scratches;
};

struct ProbeMaps {
  base::UniqueFd series;
  base::UniqueFd values;
  base::UniqueFd cursor;
};

// The plan's probe of the same index; without links where it could not be attached.
struct AttachedProbe {
  std::uint16_t number = 0;  // exporter-wide
  ProbeMaps maps;
  std::vector<LinkHandle> links;
  std::string error;         // why it is not attached; empty: it is
};

struct AttachedBinary {
  discover::BinaryId id;
  std::string exe;
  plan::ProbePlan plan;
  std::uint16_t frame_stride = 0;
  std::uint32_t in_flight_limit = 0;
  BinaryMaps maps;
  std::vector<AttachedProbe> probes;
  std::vector<LinkHandle> unwind_links;
};

}  // namespace attach
