#include "app/watch_once.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "app/exporter.hpp"
#include "base/plural.hpp"
#include "base/signals.hpp"
#include "expose/summary_table.hpp"
#include "metrics/since.hpp"

namespace app {
namespace {

struct Counted {
  metrics::Snapshot snapshot;
  std::chrono::duration<double> time{0};
};

std::size_t processes_of(const units::View& view) {
  std::size_t count = 0;
  for (const metrics::ServiceState& service : view.services) {
    count += service.processes;
  }
  return count;
}

// What the services have fed, and what was lost; nothing else about the exporter itself.
void keep_results(metrics::Snapshot& snapshot, const config::ProbeConfig& config) {
  std::erase_if(snapshot.families, [&](const metrics::Family& family) {
    return family.name != "uprobe_exporter_losses_total" &&
           std::ranges::find(config.metrics, family.name, &config::Metric::name) == config.metrics.end();
  });
}

// The owner's thread runs meanwhile; SIGUSR1 says that it has attached or ended.
base::Result<Counted> watch(const units::Owner& owner, Exporter& exporter, const base::Signals& signals,
                            const std::atomic<bool>& has_ended, std::chrono::seconds time,
                            const base::Clock& clock) {
  if (signals.wait() != SIGUSR1 || has_ended) {
    return Counted{};
  }
  ASSIGN_OR_RETURN(const metrics::Snapshot before, exporter.snapshot(std::nullopt));
  const auto start = clock.steady_now();
  fmt::print(stderr, "watching for {} s, {} now; Ctrl-C ends it earlier\n", time.count(),
             base::plural(processes_of(*owner.view()), "running program"));
  std::ignore = signals.wait_for(time);
  ASSIGN_OR_RETURN(metrics::Snapshot after, exporter.snapshot(std::nullopt));
  return Counted{.snapshot = metrics::since(std::move(after), before), .time = clock.steady_now() - start};
}

int fail(const base::Error& error) {
  fmt::print(stderr, "uprobe_exporter: {}\n", error.message);
  return 1;
}

}  // namespace

int watch_once(units::Owner::Options options, std::chrono::seconds time, const base::Clock& clock,
               base::Logger& log) {
  const auto signals = base::Signals::block({SIGINT, SIGTERM, SIGQUIT, SIGUSR1});
  const auto lease = base::Signals::block({SIGIO});
  const auto reload = base::Signals::block({SIGHUP});
  for (const auto* const blocked : {&signals, &lease, &reload}) {
    if (!*blocked) {
      return fail(blocked->error());
    }
  }
  auto created = units::Owner::create(std::move(options), clock, log);
  if (!created) {
    return fail(created.error());
  }
  const std::shared_ptr<units::Owner> owner = *std::move(created);
  Exporter exporter(owner, false, clock, log);
  std::atomic<bool> has_ended = false;
  base::Result<units::Owner::Ending> run = units::Owner::Ending::kStopped;
  std::jthread thread([&](const std::stop_token& stop) {
    run = owner->run(stop, {.lease = &*lease, .reload = &*reload}, [] { ::kill(::getpid(), SIGUSR1); });
    has_ended = true;
    ::kill(::getpid(), SIGUSR1);
  });
  auto counted = watch(*owner, exporter, *signals, has_ended, time, clock);
  thread.request_stop();
  thread.join();
  if (!run) {
    return fail(run.error());
  }
  if (!counted) {
    return fail(counted.error());
  }
  keep_results(counted->snapshot, *owner->view()->config);
  const std::string table =
      counted->time.count() > 0 ? expose::summary_table(counted->snapshot, counted->time) : "";
  fmt::print("{}", table.empty() ? "nothing was counted\n" : table);
  return 0;
}

}  // namespace app
