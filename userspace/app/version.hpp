// Which build this is.
#pragma once

#include <string>

#include "metrics/self_state.hpp"

namespace app {

[[nodiscard]] metrics::BuildInfo build_info();

// "uprobe_exporter, version 0.1.0 (revision: abc1234)": the form of Prometheus's own tools.
[[nodiscard]] std::string version_line();

}  // namespace app
