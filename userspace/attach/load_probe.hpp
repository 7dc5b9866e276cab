// Loads the programs of one probe and attaches them to its sites.
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

enum class Program { kEnter, kReturn, kRecovery, kGoexit };

struct ProgramSites {
  Program program = Program::kEnter;
  std::vector<plan::Site> sites;
};

struct LoadRequest {
  const SharedMaps* shared = nullptr;  // of the ProcessWatch that outlives the call
  PidNamespace pid_namespace;
  KernelSupport kernel;
  std::string open_path;               // opens the binary: /proc/PID/exe
  std::uint32_t in_flight_limit = 0;
  probe_spec spec{};
  unwind_spec unwind{};
  std::vector<ProgramSites> programs;  // attached in this order
};

struct LoadedProbe {
  ProbeMaps maps;
  std::vector<LinkHandle> links;
};

// `binary` maps are made by the first probe of a binary and used by its others.
[[nodiscard]] base::Result<LoadedProbe> load_probe(const LoadRequest& request, std::optional<BinaryMaps>& binary);

}  // namespace attach
