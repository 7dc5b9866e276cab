// Loads the programs of one probe; nothing is attached yet.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "abi/probe_spec.h"
#include "attach/attached_binary.hpp"
#include "attach/kernel_support.hpp"
#include "attach/process_watch.hpp"
#include "base/error.hpp"

namespace attach {

struct ProgramSites {
  Program program = Program::kEnter;
  std::vector<plan::Site> sites;
};

struct LoadRequest {
  const SharedMaps* shared = nullptr;  // of the ProcessWatch that outlives the call
  PidNamespace pid_namespace;
  KernelSupport kernel;
  std::uint32_t in_flight_limit = 0;
  probe_spec spec{};
  unwind_spec unwind{};
  std::vector<ProgramSites> programs;  // in the order they will be attached
  const ProbeMaps* kept = nullptr;     // of the probe whose counts are continued; null: they begin at 0
};

struct LoadedProbe {
  ProbeMaps maps;
  std::vector<ProbeProgram> programs;
};

// `binary` maps are made by the first probe of a binary and used by its others.
[[nodiscard]] base::Result<LoadedProbe> load_probe(const LoadRequest& request,
                                                   std::optional<BinaryMaps>& binary);

}  // namespace attach
