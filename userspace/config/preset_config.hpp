// A configuration of nothing but presets, for those who do not want to write one.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "config/probe_config.hpp"

namespace config {

// "exe=GLOB", "arg=TEXT" or "env.NAME=GLOB" added to what is there; "arg" after "arg" is the next argument.
// kInvalidConfig: anything else.
[[nodiscard]] base::Result<> add_match(ProcessMatch& match, std::string_view text);

// What a service with this match is called: the last part of its `exe` without what is no part of a name;
// "service" where nothing is left.
[[nodiscard]] std::string service_name_for(const ProcessMatch& match);

// The text of a probes.yaml with one service that uses the presets. Their names are not looked at.
[[nodiscard]] std::string preset_config(const std::string& service, const ProcessMatch& match,
                                        std::span<const std::string> presets);

}  // namespace config
