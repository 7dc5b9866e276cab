#include <fmt/core.h>

#include "app/commands.hpp"
#include "inspect/inspect_binary.hpp"
#include "plan/output/list_functions.hpp"

namespace app {

int execute(const FunctionsOptions& options) {
  const auto facts = inspect::inspect_file(options.binary, plan::wanted_for_list(options.patterns));
  if (!facts) {
    fmt::print(stderr, "uprobe_exporter: {}\n", facts.error().message);
    return 1;
  }
  const auto functions = plan::list_functions(*facts, options.patterns);
  fmt::print("{}", options.as_json ? plan::functions_as_json(functions) : plan::print_functions(functions));
  if (functions.empty()) {
    fmt::print(stderr, "uprobe_exporter: no function of {} is meant; \"*\" stands for any part of a name\n",
               options.binary);
  }
  return functions.empty() ? 1 : 0;
}

}  // namespace app
