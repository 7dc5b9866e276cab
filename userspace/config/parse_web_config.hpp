// exporter-toolkit's web configuration file -> WebConfig.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "config/web_config.hpp"

namespace config {

// Errors as those of parse_config(): everything that is wrong, as `file_name:line:column: ...`. An empty file
// asks for nothing. Relative paths in it begin at the folder of `file_name`.
[[nodiscard]] base::Result<WebConfig> parse_web_config(std::string_view yaml, const std::string& file_name);

// The same for a file; kNotFound, kPermission or kIo if it cannot be read.
[[nodiscard]] base::Result<WebConfig> load_web_config(const std::string& path);

}  // namespace config
