#include <fmt/core.h>

#include "app/commands.hpp"
#include "units/kept_state.hpp"

namespace app {

int execute(const UnloadOptions& options) {
  if (const auto removed = units::KeptState::remove(options.pin_path); !removed) {
    fmt::print(stderr, "uprobe_exporter: {}\n", removed.error().message);
    return 1;
  }
  fmt::print("removed {}\n", options.pin_path);
  return 0;
}

}  // namespace app
