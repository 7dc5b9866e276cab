// Builds the Go programs of tests/fixtures/go with any version of Go, and keeps them below the build folder.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/run_command.hpp"

namespace support {

struct GoBuild {
  std::string version;  // "1.25.4"
  std::string flavour;  // see arguments_of
  std::string fixture = "inspect_fixture";

  [[nodiscard]] std::string name() const { return fixture + "-" + version + "-" + flavour; }

  // The minor version: 25 of "1.25.4".
  [[nodiscard]] int minor() const { return std::stoi(version.substr(2)); }
};

inline std::string arguments_of(const std::string& flavour) {
  if (flavour == "plain" || flavour == "arm64") {
    return "";
  }
  if (flavour == "stripped") {
    return "-ldflags='-s -w'";
  }
  if (flavour == "pie") {
    return "-buildmode=pie";
  }
  if (flavour == "pie-stripped") {
    return "-buildmode=pie -ldflags='-s -w'";
  }
  if (flavour == "external") {
    return "-ldflags='-linkmode=external'";
  }
  if (flavour == "external-pie") {
    return "-buildmode=pie -ldflags='-linkmode=external'";
  }
  if (flavour == "external-pie-stripped") {
    return "-buildmode=pie -ldflags='-linkmode=external -s -w'";
  }
  if (flavour == "c-shared") {
    return "-buildmode=c-shared";
  }
  if (flavour == "c-shared-stripped") {
    return "-buildmode=c-shared -ldflags='-s -w'";
  }
  if (flavour == "race") {
    return "-race";
  }
  if (flavour == "unoptimized") {
    return "-gcflags='all=-N -l'";
  }
  if (flavour == "trimpath") {
    return "-trimpath -ldflags='-s -w'";
  }
  throw std::invalid_argument("no such way to build: " + flavour);
}

inline bool needs_cgo(const std::string& flavour) {
  return flavour == "race" || flavour.starts_with("external") || flavour.starts_with("c-shared");
}

inline bool is_newer_than_sources(const std::filesystem::path& program,
                                  const std::filesystem::path& sources) {
  std::error_code missing;
  const auto built = std::filesystem::last_write_time(program, missing);
  if (missing) {
    return false;
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator(sources)) {
    if (entry.is_regular_file() && entry.last_write_time() > built) {
      return false;
    }
  }
  return true;
}

// The path of the built program. Tests run side by side, so builds take turns.
inline std::string built(const GoBuild& build) {
  const std::filesystem::path sources = std::filesystem::path(UPROBE_EXPORTER_GO_FIXTURES) / build.fixture;
  const std::filesystem::path folder = UPROBE_EXPORTER_GO_FIXTURES_BUILT;
  const std::filesystem::path program = folder / build.name();
  if (is_newer_than_sources(program, sources)) {
    return program.string();
  }
  std::filesystem::create_directories(folder);
  // Go 1.19 fails with an index of modules ("import of unknown directory").
  const std::string command = "cd " + sources.string() + " && flock " + (folder / "lock").string() +
                              " env GODEBUG=goindex=0 GOTOOLCHAIN=go" + build.version +
                              " CGO_ENABLED=" + (needs_cgo(build.flavour) ? "1" : "0") +
                              " GOARCH=" + (build.flavour == "arm64" ? "arm64" : "amd64") + " go build " +
                              arguments_of(build.flavour) + " -o " + program.string() + ".new . && mv " +
                              program.string() + ".new " + program.string();
  const CommandResult result = run_command(command);
  if (result.status != 0) {
    throw std::runtime_error(command + ": " + result.output);
  }
  return program.string();
}

// A few versions and flavours; all of both when UPROBE_EXPORTER_GO_VERSIONS lists versions
// ("1.18.10 1.25.14").
inline std::vector<GoBuild> go_builds() {
  const char* const versions = std::getenv("UPROBE_EXPORTER_GO_VERSIONS");
  if (versions == nullptr) {
    return {{"1.26.8", "plain"},    {"1.26.8", "stripped"},  {"1.26.8", "pie-stripped"},
            {"1.25.4", "stripped"}, {"1.22.12", "stripped"}, {"1.20.14", "stripped"},
            {"1.27.4", "stripped"}};
  }
  std::vector<GoBuild> builds;
  std::istringstream words(versions);
  for (std::string version; words >> version;) {
    for (const char* flavour :
         {"plain", "stripped", "pie", "pie-stripped", "external", "external-pie-stripped", "c-shared",
          "c-shared-stripped", "race", "unoptimized", "trimpath"}) {
      builds.push_back({version, flavour});
    }
  }
  return builds;
}

// The same program with its symbol table and debug information, for nm and objdump to read.
inline GoBuild unstripped(GoBuild build) {
  const std::size_t suffix = build.flavour.find("stripped");
  if (suffix == 0 || build.flavour == "trimpath") {
    build.flavour = "plain";
  } else if (suffix != std::string::npos) {
    build.flavour.resize(suffix - 1);
  }
  return build;
}

}  // namespace support
