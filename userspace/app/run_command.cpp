#include <fmt/core.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "app/commands.hpp"
#include "app/exporter.hpp"
#include "app/signals.hpp"
#include "config/parse_config.hpp"
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

int serve(const RunOptions& options, config::ProbeConfig config, const base::Clock& clock, base::Logger& log) {
  // SIGIO tells of a writer that waits for a probed file.
  const auto stop_signals = Signals::block({SIGINT, SIGTERM});
  const auto lease_signals = Signals::block({SIGIO});
  if (!stop_signals || !lease_signals) {
    return report(log, (stop_signals ? lease_signals : stop_signals).error());
  }
  auto exporter = Exporter::create(std::move(config), clock, log);
  if (!exporter) {
    return report(log, exporter.error());
  }
  // Before the first round: a port that is taken is said before anything is attached.
  auto server = expose::HttpServer::start({.listen_address = options.listen_address}, [&](const expose::Request& request) {
    return expose::answer(request, **exporter);
  });
  if (!server) {
    return report(log, server.error());
  }
  log.info("listening", {{"address", options.listen_address}, {"port", server->port()}});
  if (const auto attached = (*exporter)->first_round(options.strict); !attached) {
    return report(log, attached.error());
  }
  log.info("ready");
  const std::jthread follower([&](const std::stop_token& stop) { (*exporter)->follow(stop, *lease_signals); });
  const int signal = stop_signals->wait();
  log.info("stopping", {{"signal", signal}});
  return 0;
}

}  // namespace

int execute(const RunOptions& options) {
  const base::SystemClock clock;
  base::Logger log(clock, options.log);
  auto config = config::load_config(options.config);
  if (!config) {
    // For people and editors: one problem per line, as file:line:column.
    fmt::print(stderr, "{}\n", config.error().message);
    return config.error().code == base::ErrorCode::kInvalidConfig ? 2 : 1;
  }
  raise_open_files_limit();
  return serve(options, std::move(*config), clock, log);
}

}  // namespace app
