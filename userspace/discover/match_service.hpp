// Is this process one of that service's?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/probe_config.hpp"
#include "discover/target.hpp"

namespace discover {

// All that the match names must hold; a match that names nothing holds for nobody. `process` carries its
// environment where the match asks for it.
[[nodiscard]] bool matches(const config::ProcessMatch& match, const Process& process);

// Whether a process that runs `exe` (as Process::exe) may belong to one of the services.
[[nodiscard]] bool may_match_exe(const std::vector<config::Service>& services, std::string_view exe);

// Last components of the paths that an executable must have to belong to one of the services; absent if they
// do not follow from what the services match.
[[nodiscard]] std::optional<std::vector<std::string>> possible_file_names(
    const std::vector<config::Service>& services);

}  // namespace discover
