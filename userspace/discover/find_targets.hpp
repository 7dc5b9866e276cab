// Façade of stage 2: the config's services x the running processes -> the binaries to look into.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "discover/target.hpp"

namespace discover {

// Names of the services that `process` belongs to, in the config's order; usually none or one.
[[nodiscard]] std::vector<std::string> services_of(const std::vector<config::Service>& services,
                                                   const Process& process);

// `pid` as services_of() wants to see it; absent as ProcFs::process() says.
[[nodiscard]] std::optional<Process> look_at(const ProcFs& proc, const std::vector<config::Service>& services,
                                             pid_t pid);

// Every process of a service, grouped by its file. Targets are sorted by binary, members by pid. `self`,
// the exporter, is never a target: it would trace its own tracing.
[[nodiscard]] std::vector<Target> find_targets(const std::vector<config::Service>& services,
                                               const ProcFs& proc, pid_t self);

}  // namespace discover
