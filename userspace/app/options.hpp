// The command line.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "config/probe_config.hpp"
#include "expose/service_pages.hpp"

namespace app {

// Where exporters leave to the next what they have counted, in a BPF file system.
inline constexpr const char* kPinPath = "/sys/fs/bpf/uprobe_exporter";

// What to count: a file, or presets without one.
struct ConfigSource {
  std::string file = "probes.yaml";
  std::vector<std::string> presets;  // instead of the file
  config::ProcessMatch match;        // whose processes the presets are for
};

struct RunOptions {
  ConfigSource config;
  std::string listen_address = ":19435";
  std::vector<expose::ServiceListener> service_listeners;
  std::string web_config;  // "" for plain HTTP without passwords
  base::LogOptions log;
  std::string pin_path = kPinPath;       // "": counts begin at 0 with each start
  bool takes_over_others = false;        // also from an exporter that counts services which this one does not
  bool enable_lifecycle = false;         // POST /-/reload
  bool emulates_returns = true;          // where the kernel lets a program write registers
  std::optional<unsigned> once_seconds;  // no server: a table after so long
  bool strict = false;                   // a probe that cannot be attached ends the exporter
};

struct CheckOptions {
  std::string config;
};

struct PlanOptions {
  ConfigSource config;
  std::string binary;                  // also of a process: /proc/PID/exe
  std::optional<std::string> service;  // only this one's probes
};

struct FunctionsOptions {
  std::string binary;
  std::vector<std::string> patterns;  // as plan::is_listed() takes them
  bool as_json = false;
};

struct TypesOptions {
  std::string binary;
  std::vector<std::string> patterns;  // as plan::list_types() takes them
  bool as_json = false;
};

struct InitOptions {
  std::string binary;
  std::vector<std::string> functions;  // as plan::propose_probes() takes them
  std::vector<std::string> presets;
};

struct FeaturesOptions {};

struct UnloadOptions {
  std::string pin_path = kPinPath;
};

using Command = std::variant<RunOptions, CheckOptions, PlanOptions, FunctionsOptions, TypesOptions,
                             InitOptions, FeaturesOptions, UnloadOptions>;

// What to do, or the exit status after --help, --version or a wrong command line (which it has printed).
[[nodiscard]] std::variant<Command, int> parse_options(int argc, const char* const* argv);

}  // namespace app
