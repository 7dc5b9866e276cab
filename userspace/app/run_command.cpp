#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <thread>

#include "app/commands.hpp"
#include "app/exporter.hpp"
#include "app/signals.hpp"
#include "app/web_config_file.hpp"
#include "base/service_notify.hpp"
#include "expose/http_server.hpp"

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

// The server of `exporter`, restricted as `web` says where there is one. Both outlive it.
base::Result<expose::HttpServer> start_server(expose::ListeningSocket socket, WebConfigFile* web,
                                              expose::BasicAuth& auth, Exporter& exporter) {
  const auto answer = [&exporter](const expose::Request& request) {
    return expose::answer(request, exporter);
  };
  expose::ServerOptions options;
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

int serve(const RunOptions& options, Exporter::Options exporter_options, WebConfigFile* web,
          const base::Clock& clock, base::Logger& log) {
  // SIGIO tells of a writer that waits for a probed file.
  const auto stop_signals = Signals::block({SIGINT, SIGTERM});
  const auto lease_signals = Signals::block({SIGIO});
  const auto reload_signals = Signals::block({SIGHUP});
  for (const auto* signals : {&stop_signals, &lease_signals, &reload_signals}) {
    if (!*signals) {
      return report(log, signals->error());
    }
  }
  // First: a port that is taken is said before anything is attached, and one below 1024 needs a capability
  // that is dropped soon.
  auto socket = expose::listen_on(options.listen_address);
  if (!socket) {
    return report(log, socket.error());
  }
  auto exporter = Exporter::create(std::move(exporter_options), clock, log);
  if (!exporter) {
    return report(log, exporter.error());
  }
  expose::BasicAuth auth;
  auto server = start_server(std::move(*socket), web, auth, **exporter);
  if (!server) {
    return report(log, server.error());
  }
  const bool has_tls = web != nullptr && web->current()->tls != nullptr;
  log.info("listening", {{"address", options.listen_address}, {"port", server->port()}, {"tls", has_tls}});
  if (const auto attached = (*exporter)->first_round(options.strict); !attached) {
    return report(log, attached.error());
  }
  log.info("ready");
  base::tell_systemd(base::ServiceState::kReady, log);
  base::Result<> followed;
  std::jthread follower([&](const std::stop_token& stop) {
    followed = (*exporter)->follow(stop, *lease_signals, *reload_signals);
    if (!followed) {
      ::kill(::getpid(), SIGTERM);  // wakes the thread below
    }
  });
  const int signal = stop_signals->wait();
  base::tell_systemd(base::ServiceState::kStopping, log);
  follower.request_stop();
  follower.join();
  if (!followed) {
    return report(log, followed.error());
  }
  log.info("stopped", {{"signal", signal}});
  return 0;
}

// For people and editors: one problem per line, as file:line:column.
int report_config(const base::Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return error.code == base::ErrorCode::kInvalidConfig ? 2 : 1;
}

}  // namespace

int execute(const RunOptions& options) {
  const base::SystemClock clock;
  base::Logger log(clock, options.log);
  ConfigFile file(options.config);
  auto config = file.load();
  if (!config) {
    return report_config(config.error());
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
  return serve(options,
               {.file = std::move(file),
                .loaded = *std::move(config),
                .pin_path = options.pin_path,
                .enable_lifecycle = options.enable_lifecycle},
               web.get(), clock, log);
}

}  // namespace app
