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

// `services:` of a probes.yaml with one service, which uses the presets, if there are any: then it is a whole
// file. The names of presets are not looked at.
[[nodiscard]] std::string services_text(const std::string& service, const ProcessMatch& match,
                                        std::span<const std::string> presets);

}  // namespace config
