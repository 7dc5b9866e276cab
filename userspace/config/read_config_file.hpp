// The text of a configuration file.
#pragma once

#include <string>

#include "base/error.hpp"

namespace config {

// At most one byte more than kMaxConfigBytes, by which read_yaml() tells that there is too much. kNotFound,
// kPermission or kIo where the file cannot be read.
[[nodiscard]] base::Result<std::string> read_config_file(const std::string& path);

}  // namespace config
