#include <fmt/core.h>

#include <filesystem>
#include <system_error>

#include "app/commands.hpp"
#include "config/preset_config.hpp"
#include "config/presets.hpp"
#include "inspect/inspect_binary.hpp"
#include "plan/output/list_functions.hpp"
#include "plan/output/propose_probes.hpp"

namespace app {
namespace {

int fail(const std::string& message, int status) {
  fmt::print(stderr, "uprobe_exporter: {}\n", message);
  return status;
}

// The executable's own path where a process is named by /proc/PID/exe.
std::string path_of(const std::string& binary) {
  std::error_code error;
  std::string path = std::filesystem::read_symlink(binary, error);
  if (error || !binary.starts_with("/proc/")) {
    return binary;
  }
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) {
    path.resize(path.size() - kDeleted.size());
  }
  return path;
}

// A process says where it runs from; a file may be installed anywhere.
std::string pattern_of(const std::string& binary, const std::string& path) {
  return binary == path ? "*/" + std::filesystem::path(path).filename().string() : path;
}

}  // namespace

int execute(const InitOptions& options) {
  for (const std::string& preset : options.presets) {
    if (const auto found = config::find_presets(preset); !found) {
      return fail(found.error().message, 2);
    }
  }
  std::string probes;
  const std::string path = path_of(options.binary);
  const config::ProcessMatch match{.exe = pattern_of(options.binary, path), .args = {}, .env = {}};
  const std::string service = config::service_name_for(match);
  if (!options.functions.empty()) {
    const auto facts = inspect::inspect_file(options.binary, plan::wanted_for_list(options.functions));
    if (!facts) {
      return fail(facts.error().message, 1);
    }
    const auto proposed = plan::propose_probes(*facts, options.functions);
    if (!proposed) {
      return fail(proposed.error().message, 1);
    }
    probes = "\n" + plan::print_proposal(service, *proposed);
  }
  fmt::print(
      "# Made by uprobe_exporter init. Save it as probes.yaml; docs/probes.md explains every key.\n"
      "#   uprobe_exporter plan --config probes.yaml --binary {}    # what is attached and read; needs no "
      "root\n"
      "#   uprobe_exporter run --config probes.yaml    # as root; --once 10 prints a table and ends\n{}{}",
      path, config::services_text(service, match, options.presets), probes);
  return 0;
}

}  // namespace app
