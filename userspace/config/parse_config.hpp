// Stage 1: probes.yaml -> ProbeConfig. The language is explained in docs/probes.md.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "config/probe_config.hpp"

namespace config {

// Reads and validates. ErrorCode::kInvalidConfig tells everything that is wrong (the first 20 things), one
// line each: `file_name:line:column: what was found; what is allowed; did you mean "x"?`. Any bytes are safe
// as input.
[[nodiscard]] base::Result<ProbeConfig> parse_config(std::string_view yaml, std::string_view file_name);

// The same for a file; kNotFound, kPermission or kIo if it cannot be read.
[[nodiscard]] base::Result<ProbeConfig> load_config(const std::string& path);

}  // namespace config
