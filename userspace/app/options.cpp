#include "app/options.hpp"

#include <CLI/CLI.hpp>

#include "app/version.hpp"
#include "config/preset_config.hpp"
#include "config/presets.hpp"

namespace app {
namespace {

// Turns an option's text into a value by `parse`, whose error CLI11 then reports.
template <class T>
CLI::Option* add_parsed(CLI::App* command, const std::string& name, T& target,
                        base::Result<T> (*parse)(std::string_view), const std::string& help) {
  return command->add_option_function<std::string>(
      name,
      [&target, parse, name](const std::string& text) {
        auto value = parse(text);
        if (!value) {
          throw CLI::ValidationError(name, value.error().message);
        }
        target = *value;
      },
      help);
}

void add_service_listeners(CLI::App* command, std::vector<expose::ServiceListener>& listeners) {
  const std::string name = "--web.service-listen-address";
  command->add_option_function<std::vector<std::string>>(
      name,
      [&listeners, name](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          auto listener = expose::parse_service_listener(text);
          if (!listener) {
            throw CLI::ValidationError(name, listener.error().message);
          }
          listeners.push_back(*std::move(listener));
        }
      },
      "Where each service has its page at /metrics, as :9090 (the host name asked for says which: "
      "http://gateway:9090/metrics) or gateway=:9091; repeatable");
}

base::Result<bool> parse_emulation(std::string_view text) {
  if (text != "auto" && text != "off") {
    return base::fail(base::ErrorCode::kInvalidConfig, "{} is neither auto nor off", text);
  }
  return text == "auto";
}

// A file, or presets.
CLI::Option* add_config(CLI::App* command, ConfigSource& source) {
  CLI::Option* file =
      command->add_option("--config,--config.file", source.file, "What to count")->capture_default_str();
  std::string names;
  for (const config::Preset& preset : config::all_presets()) {
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
  }
  return command
      ->add_option(
          "--preset", source.presets,
          fmt::format("Count what these presets know, without a file: http, grpc, sql, ... of {}", names))
      ->delimiter(',')
      ->excludes(file);
}

void add_match_option(CLI::App* command, CLI::Option* preset, config::ProcessMatch& match) {
  const std::string name = "--match";
  CLI::Option* option = command->add_option_function<std::vector<std::string>>(
      name,
      [&match, name](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          if (auto added = config::add_match(match, text); !added) {
            throw CLI::ValidationError(name, added.error().message);
          }
        }
      },
      "With --preset: whose processes, as exe='*/shop', arg=-module arg=cart, env.REGION='eu-*'; repeatable");
  option->needs(preset);
  preset->needs(option);
}

CLI::App* add_run(CLI::App& app, RunOptions& options) {
  CLI::App* run = app.add_subcommand("run", "Attach the probes and serve their metrics until stopped");
  add_match_option(run, add_config(run, options.config), options.config.match);
  run->add_option("--web.listen-address", options.listen_address,
                  "Where to serve /metrics; port 0 lets the kernel choose")
      ->capture_default_str();
  add_service_listeners(run, options.service_listeners);
  run->add_option("--web.config.file", options.web_config,
                  "TLS, client certificates and passwords, as exporter-toolkit's file of that name");
  run->add_flag("--web.enable-lifecycle", options.enable_lifecycle, "Answer POST /-/reload");
  run->add_option("--bpf.pin-path", options.pin_path,
                  "Where counts outlive the exporter, in a BPF file system; empty: nowhere")
      ->capture_default_str();
  run->add_flag(
      "--takeover", options.takes_over_others,
      "Take over from an exporter with the same --bpf.pin-path also where it counts services that the "
      "configuration does not have: nobody counts them then");
  add_parsed(run, "--bpf.emulate-returns", options.emulates_returns, parse_emulation,
             "auto or off: whether the programs do what a probed RET does, by writing registers, where the "
             "kernel allows it (6.19); else the kernel single-steps it, which costs the service more")
      ->default_str("auto");
  constexpr unsigned kLongest = 86400;
  run->add_option("--once", options.once_seconds,
                  "Serve nothing: count for so many seconds, print a table and end. No Prometheus is needed")
      ->check(CLI::Range(1U, kLongest))
      ->type_name("SECONDS");
  run->add_flag("--strict", options.strict, "End with an error where a probe cannot be attached");
  add_parsed(run, "--log.level", options.log.level, base::parse_log_level, "debug, info, warn or error");
  add_parsed(run, "--log.format", options.log.format, base::parse_log_format, "logfmt or json");
  return run;
}

CLI::App* add_check(CLI::App& app, CheckOptions& options) {
  CLI::App* check = app.add_subcommand("check", "Read and validate a configuration");
  check->add_option("FILE", options.config, "The configuration")->required();
  return check;
}

// Either is needed: a file, or a process that runs it.
void add_binary(CLI::App* command, std::string& binary) {
  CLI::Option_group* which = command->add_option_group("the binary");
  which->add_option("--binary", binary, "The executable");
  which->add_option_function<unsigned>(
      "--pid", [&binary](unsigned pid) { binary = fmt::format("/proc/{}/exe", pid); },
      "A process that runs it");
  which->require_option(1);
}

CLI::App* add_plan(CLI::App& app, PlanOptions& options) {
  CLI::App* plan = app.add_subcommand(
      "plan",
      "Show what would be attached to a binary and read there; needs no root. Ends with 1 if a probe "
      "is skipped, so name the binary's service where the configuration has several");
  add_config(plan, options.config);
  add_binary(plan, options.binary);
  plan->add_option("--service", options.service, "Only the probes of this service (default: of all)");
  return plan;
}

CLI::App* add_functions(CLI::App& app, FunctionsOptions& options) {
  CLI::App* functions = app.add_subcommand(
      "functions",
      "List the functions of a binary that can be probed, with what is known of each; needs no root");
  add_binary(functions, options.binary);
  functions->add_option("PATTERN", options.patterns,
                        "Part of a name in any case (order), or a pattern as in probes.yaml "
                        "(main.(*Cart).*); default: all but the "
                        "standard library's");
  functions->add_flag("--json", options.as_json, "An array of objects");
  return functions;
}

CLI::App* add_types(CLI::App& app, TypesOptions& options) {
  CLI::App* types = app.add_subcommand(
      "types", "List types of a binary: their fields, and what an interface can hold; needs no root");
  add_binary(types, options.binary);
  types
      ->add_option("NAME", options.patterns,
                   "Part of a name in any case (cart), or a pattern (example.com/shop.*)")
      ->required();
  types->add_flag("--json", options.as_json, "An array of objects");
  return types;
}

CLI::App* add_init(CLI::App& app, InitOptions& options) {
  CLI::App* init =
      app.add_subcommand("init",
                         "Print a probes.yaml to begin with: for functions of a binary, what could be "
                         "counted and read there; for presets, their names. Needs no root");
  add_binary(init, options.binary);
  CLI::Option_group* what = init->add_option_group("what to count");
  what->add_option("FUNCTION", options.functions, "Its full name, or what `functions` takes");
  what->add_option("--preset", options.presets, "http, grpc, sql, ...")->delimiter(',');
  what->require_option(1, 2);
  return init;
}

CLI::App* add_features(CLI::App& app) {
  return app.add_subcommand("features",
                            "Try what this kernel and our privileges allow, and say what is used instead");
}

CLI::App* add_unload(CLI::App& app, UnloadOptions& options) {
  CLI::App* unload = app.add_subcommand(
      "unload", "Remove what exporters have left in the BPF file system: all counts are gone then");
  unload->add_option("--bpf.pin-path", options.pin_path, "Where that is")->capture_default_str();
  return unload;
}

}  // namespace

std::variant<Command, int> parse_options(int argc, const char* const* argv) {
  CLI::App app("Prometheus metrics from the functions of unmodified programs", "uprobe_exporter");
  app.require_subcommand(1);
  app.set_version_flag("--version", version_line());
  RunOptions run_options;
  CheckOptions check_options;
  PlanOptions plan_options;
  FunctionsOptions functions_options;
  TypesOptions types_options;
  InitOptions init_options;
  UnloadOptions unload_options;
  const CLI::App* run = add_run(app, run_options);
  const CLI::App* check = add_check(app, check_options);
  const CLI::App* plan = add_plan(app, plan_options);
  const CLI::App* functions = add_functions(app, functions_options);
  const CLI::App* types = add_types(app, types_options);
  const CLI::App* init = add_init(app, init_options);
  const CLI::App* features = add_features(app);
  add_unload(app, unload_options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 tells help from errors by the code; a wrong command line is 2, as with other tools.
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (run->parsed()) {
    return Command{run_options};
  }
  if (check->parsed()) {
    return Command{check_options};
  }
  if (plan->parsed()) {
    return Command{plan_options};
  }
  if (functions->parsed()) {
    return Command{functions_options};
  }
  if (types->parsed()) {
    return Command{types_options};
  }
  if (init->parsed()) {
    return Command{init_options};
  }
  if (features->parsed()) {
    return Command{FeaturesOptions{}};
  }
  return Command{unload_options};
}

}  // namespace app
