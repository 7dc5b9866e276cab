#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "app/commands.hpp"
#include "app/config_source.hpp"
#include "app/exporter.hpp"
#include "app/watch_once.hpp"
#include "app/web_config_file.hpp"
#include "attach/calibrate.hpp"
#include "base/service_notify.hpp"
#include "base/signals.hpp"
#include "expose/http_server.hpp"
#include "expose/service_pages.hpp"

namespace app {
namespace {

// A probe holds seven or eight descriptors; the usual soft limit of 1024 ends at a hundred probes.
void raise_open_files_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int report(base::Logger& log, const base::Error& error) {
  log.error("cannot go on", {{"error", error.message}});
  return 1;
}

// A server of `answer`, restricted as `web` says where there is one. What they refer to outlives it.
base::Result<expose::HttpServer> start_server(expose::ListeningSocket socket, WebConfigFile* web,
                                              expose::BasicAuth& auth,
                                              const expose::HttpServer::Handler& answer) {
  expose::ServerOptions options;
  options.is_answered_at_once = expose::is_answered_at_once;
  if (web == nullptr) {
    return expose::HttpServer::start(std::move(socket), options, answer);
  }
  if (web->current()->tls != nullptr) {
    options.tls = [web] { return web->current()->tls; };
  }
  return expose::HttpServer::start(std::move(socket), options,
                                   [web, &auth, answer](const expose::Request& request) {
                                     return expose::restrict_to(*web->current(), auth, request, answer);
                                   });
}

struct ServiceSocket {
  expose::ServiceListener listener;
  expose::ListeningSocket socket;
};

base::Result<std::vector<ServiceSocket>> listen_for_services(
    const std::vector<expose::ServiceListener>& listeners, const config::ProbeConfig& config) {
  std::vector<ServiceSocket> sockets;
  for (const expose::ServiceListener& listener : listeners) {
    if (listener.service && std::ranges::find(config.services, *listener.service, &config::Service::name) ==
                                config.services.end()) {
      return base::fail(base::ErrorCode::kInvalidConfig,
                        "--web.service-listen-address {}={}: the configuration has no service of that name",
                        *listener.service, listener.address);
    }
    ASSIGN_OR_RETURN(expose::ListeningSocket socket, expose::listen_on(listener.address));
    sockets.push_back({listener, std::move(socket)});
  }
  return sockets;
}

base::Result<std::vector<expose::HttpServer>> start_service_servers(std::vector<ServiceSocket> sockets,
                                                                    WebConfigFile* web,
                                                                    expose::BasicAuth& auth,
                                                                    Exporter& exporter, base::Logger& log) {
  std::vector<expose::HttpServer> servers;
  for (ServiceSocket& each : sockets) {
    const auto answer = [&exporter, listener = each.listener](const expose::Request& request) {
      const auto asked = expose::on_service_listener(listener, request, exporter.services());
      const auto* refused = std::get_if<expose::Response>(&asked);
      return refused != nullptr ? *refused : expose::answer(std::get<expose::Request>(asked), exporter);
    };
    ASSIGN_OR_RETURN(expose::HttpServer server, start_server(std::move(each.socket), web, auth, answer));
    log.info("listening for pages of services", {{"address", each.listener.address},
                                                 {"service", each.listener.service.value_or("by host name")},
                                                 {"port", server.port()}});
    servers.push_back(std::move(server));
  }
  return servers;
}

// By the main thread: before Linux 6.10, a breakpoint of one process is one of the thread whose id is the
// process's.
void measure_prices(units::Owner& owner, base::Logger& log) {
  auto measured = attach::measure_hit_costs(owner.kernel());
  if (!measured) {
    log.warn("the cost of a hit is not known; a default is used", {{"reason", measured.error().message}});
    owner.use_prices({});
    return;
  }
  log.debug("cost of a hit", {{"emulated_ns", measured->emulated_entry.target_ns},
                              {"stepped_ns", measured->stepped_entry.target_ns},
                              {"return_ns", measured->at_return.target_ns}});
  owner.use_prices(*measured);
}

// SIGIO tells of a writer that waits for a probed file. SIGUSR1 comes from the owner's thread when all is
// attached.
struct SignalSets {
  base::Signals main;
  base::Signals lease;
  base::Signals reload;
};

base::Result<SignalSets> block_signals() {
  ASSIGN_OR_RETURN(base::Signals main, base::Signals::block({SIGINT, SIGTERM, SIGQUIT, SIGUSR1}));
  ASSIGN_OR_RETURN(base::Signals lease, base::Signals::block({SIGIO}));
  ASSIGN_OR_RETURN(base::Signals reload, base::Signals::block({SIGHUP}));
  return SignalSets{.main = std::move(main), .lease = std::move(lease), .reload = std::move(reload)};
}

// Until a signal ends it, or the owner's thread ends by itself.
base::Result<units::Owner::Ending> follow(units::Owner& owner, const SignalSets& signals, base::Logger& log) {
  std::atomic<bool> has_ended = false;
  base::Result<units::Owner::Ending> followed = units::Owner::Ending::kStopped;
  std::jthread thread([&](const std::stop_token& stop) {
    followed = owner.run(stop, {.lease = &signals.lease, .reload = &signals.reload},
                         [] { ::kill(::getpid(), SIGUSR1); });
    has_ended = true;
    ::kill(::getpid(), SIGUSR1);
  });
  int signal = signals.main.wait();
  while (signal == SIGUSR1 && !has_ended) {
    // After the services' probes: each moment without them is one in which nobody counts.
    measure_prices(owner, log);
    signal = signals.main.wait();
  }
  if (signal != SIGUSR1) {
    base::tell_systemd(base::ServiceState::kStopping, log);
  }
  thread.request_stop();
  thread.join();
  if (followed && signal != SIGUSR1) {
    log.info("stopped", {{"signal", signal}});
    followed = units::Owner::Ending::kStopped;
  }
  return followed;
}

// One owner after the other, as exporters before and after this one end.
base::Result<> follow_all(std::shared_ptr<units::Owner> owner, Exporter& exporter, const SignalSets& signals,
                          const base::Clock& clock, base::Logger& log) {
  for (;;) {
    ASSIGN_OR_RETURN(const units::Owner::Ending ending, follow(*owner, signals, log));
    if (ending == units::Owner::Ending::kStopped) {
      return {};
    }
    ASSIGN_OR_RETURN(owner, units::Owner::create(owner->heir(), clock, log));
    exporter.follow(owner);
  }
}

int serve(const RunOptions& options, units::Owner::Options owner_options, WebConfigFile* web,
          const base::Clock& clock, base::Logger& log) {
  const auto signals = block_signals();
  if (!signals) {
    return report(log, signals.error());
  }
  // First: a port that is taken is said before anything is attached, and one below 1024 needs a capability
  // that is dropped soon.
  auto socket = expose::listen_on(options.listen_address);
  if (!socket) {
    return report(log, socket.error());
  }
  auto service_sockets = listen_for_services(options.service_listeners, owner_options.loaded.config);
  if (!service_sockets) {
    return report(log, service_sockets.error());
  }
  auto created = units::Owner::create(std::move(owner_options), clock, log);
  if (!created) {
    return report(log, created.error());
  }
  const std::shared_ptr<units::Owner> owner = *std::move(created);
  Exporter exporter(owner, options.enable_lifecycle, clock, log);
  expose::BasicAuth auth;
  auto server = start_server(std::move(*socket), web, auth, [&exporter](const expose::Request& request) {
    return expose::answer(request, exporter);
  });
  if (!server) {
    return report(log, server.error());
  }
  const auto service_servers = start_service_servers(std::move(*service_sockets), web, auth, exporter, log);
  if (!service_servers) {
    return report(log, service_servers.error());
  }
  const bool has_tls = web != nullptr && web->current()->tls != nullptr;
  log.info("listening", {{"address", options.listen_address}, {"port", server->port()}, {"tls", has_tls}});
  const auto followed = follow_all(owner, exporter, *signals, clock, log);
  return followed ? 0 : report(log, followed.error());
}

// For people and editors: one problem per line, as file:line:column.
int report_config(const base::Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return error.code == base::ErrorCode::kInvalidConfig ? 2 : 1;
}

// Beside a table nobody wants to read that all goes well.
base::LogOptions log_options_of(const RunOptions& options) {
  base::LogOptions log = options.log;
  if (options.once_seconds && log.level == base::LogLevel::kInfo) {
    log.level = base::LogLevel::kWarn;
  }
  return log;
}

}  // namespace

int execute(const RunOptions& options) {
  const base::SystemClock clock;
  base::Logger log(clock, log_options_of(options));
  config::ConfigFile file = config_file_of(options.config);
  auto config = file.load();
  if (!config) {
    return report_config(config.error());
  }
  for (const std::string& warning : config->warnings) {
    log.warn("configuration", {{"warning", warning}});
  }
  std::unique_ptr<WebConfigFile> web;
  if (!options.web_config.empty()) {
    auto opened = WebConfigFile::open(options.web_config, log);
    if (!opened) {
      return report_config(opened.error());
    }
    web = std::move(*opened);
  }
  raise_open_files_limit();
  if (options.once_seconds) {
    return watch_once({.file = std::move(file),
                       .loaded = *std::move(config),
                       .pin_path = "",
                       .emulates_returns = options.emulates_returns,
                       .strict = options.strict},
                      std::chrono::seconds(*options.once_seconds), clock, log);
  }
  return serve(options,
               {.file = std::move(file),
                .loaded = *std::move(config),
                .pin_path = options.pin_path,
                .takes_over_others = options.takes_over_others,
                .emulates_returns = options.emulates_returns,
                .strict = options.strict},
               web.get(), clock, log);
}

}  // namespace app
