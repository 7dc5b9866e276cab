#include <fmt/core.h>

#include <string_view>

#include "app/commands.hpp"
#include "inspect/inspect_binary.hpp"
#include "plan/output/list_types.hpp"

namespace app {

int execute(const TypesOptions& options) {
  const auto facts = inspect::inspect_file(
      options.binary, {.details = [](std::string_view) { return false; }, .inlined_copies = {}});
  if (!facts) {
    fmt::print(stderr, "uprobe_exporter: {}\n", facts.error().message);
    return 1;
  }
  const auto types = plan::list_types(*facts, options.patterns);
  fmt::print("{}", options.as_json ? plan::types_as_json(types) : plan::print_types(types));
  if (types.empty()) {
    fmt::print(stderr, "uprobe_exporter: no named type of {} is meant; \"*\" stands for any part of a name\n",
               options.binary);
  }
  return types.empty() ? 1 : 0;
}

}  // namespace app
