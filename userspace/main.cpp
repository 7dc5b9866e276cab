#include <exception>
#include <variant>

#include <fmt/core.h>

#include "app/commands.hpp"
#include "app/options.hpp"

int main(int argc, char** argv) {
  try {
    const auto parsed = app::parse_options(argc, argv);
    if (const int* status = std::get_if<int>(&parsed)) {
      return *status;
    }
    return std::visit([](const auto& options) { return app::execute(options); },
                      std::get<app::Command>(parsed));
  } catch (const std::exception& error) {
    fmt::print(stderr, "uprobe_exporter: {}\n", error.what());
    return 1;
  }
}
