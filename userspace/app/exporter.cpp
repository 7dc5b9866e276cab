#include "app/exporter.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <utility>

#include "app/self_report.hpp"
#include "metrics/build_snapshot.hpp"
#include "metrics/self_metrics.hpp"
#include "units/read_view.hpp"

namespace app {
namespace {

constexpr const char* kOthersPages =
    "another exporter counts with the same pins: its pages have what these would show";

}  // namespace

Exporter::Exporter(std::shared_ptr<units::Owner> owner, bool enable_lifecycle, const base::Clock& clock,
                   base::Logger& log)
    : enable_lifecycle_(enable_lifecycle),
      clock_(&clock),
      log_(&log),
      owner_(std::move(owner)),
      memory_{.metrics = owner_->view()->config->metrics,
              .ratios = metrics::RatioWindows(owner_->view()->config->metrics),
              .use = {}} {
  const auto view = owner_->view();
  // Lookups that were counted before belong to no window of ours.
  if (const auto samples = units::collect_samples(*view, *view->processes)) {
    memory_.ratios.start_from(*samples);
  }
}

void Exporter::follow(std::shared_ptr<units::Owner> owner) {
  const std::scoped_lock lock(mutex_);
  owner_.swap(owner);
}

std::shared_ptr<units::Owner> Exporter::owner() const {
  const std::scoped_lock lock(mutex_);
  return owner_;
}

base::Result<metrics::Snapshot> Exporter::snapshot(std::optional<std::string_view> service) {
  const auto start = clock_->steady_now();
  const auto owner = this->owner();
  const auto view = owner->view();
  if (view->superseded && view->superseded->is_stale) {
    return base::fail(base::ErrorCode::kUnsupported, kOthersPages);
  }
  ASSIGN_OR_RETURN(const auto processes,
                   units::processes_now(*view, owner->maps(), owner->proc(), owner->pid_namespace()));
  std::unique_lock turn(reading_);
  ASSIGN_OR_RETURN(std::vector<collect::Sample> samples, units::collect_samples(*view, *processes));
  std::vector<metrics::Family> ratios = remember(*view, samples, service);
  turn.unlock();
  metrics::Snapshot snapshot =
      metrics::build_snapshot(view->config->metrics, std::move(samples), service, view->totals->began);
  snapshot = metrics::with_families(std::move(snapshot), std::move(ratios));
  // A service's own endpoint shows that service and nothing of the exporter.
  if (!service) {
    snapshot = metrics::with_families(std::move(snapshot), metrics::self_metrics(state_of(*owner, *view)));
  }
  const std::scoped_lock lock(mutex_);
  memory_.last_scrape = clock_->steady_now() - start;
  return snapshot;
}

std::vector<metrics::Family> Exporter::remember(const units::View& view,
                                                const std::vector<collect::Sample>& samples,
                                                std::optional<std::string_view> service) {
  std::vector<metrics::MetricUse> use = use_of_metrics(*view.config, samples);
  const std::scoped_lock lock(mutex_);
  memory_.use = std::move(use);
  if (memory_.metrics != view.config->metrics) {
    memory_.metrics = view.config->metrics;
    memory_.ratios = metrics::RatioWindows(memory_.metrics);
    memory_.ratios.start_from(samples);
  }
  memory_.ratios.record(clock_->steady_now(), samples);
  return memory_.ratios.families(service);
}

std::vector<std::string> Exporter::services() const {
  std::vector<std::string> names;
  const auto view = owner()->view();
  std::ranges::transform(view->config->services, std::back_inserter(names), &config::Service::name);
  return names;
}

std::optional<std::string> Exporter::not_ready_reason() const {
  const auto view = owner()->view();
  if (view->superseded && view->superseded->is_stale) {
    return kOthersPages;
  }
  return view->not_ready;
}

metrics::SelfState Exporter::self_state() const {
  const auto owner = this->owner();
  return state_of(*owner, *owner->view());
}

std::optional<base::Result<>> Exporter::reload() {
  if (!enable_lifecycle_) {
    return std::nullopt;
  }
  return owner()->reload([] { ::kill(::getpid(), SIGHUP); });
}

metrics::SelfState Exporter::state_of(const units::Owner& owner, const units::View& view) const {
  metrics::SelfState state = report_units(view, owner.maps(), *log_);
  report_costs(state, view, units::costs_now(view, owner.maps()));
  state.lost_log_lines = log_->lost_lines();
  state.lost_process_events = owner.lost_process_events();
  state.process = owner.proc().resource_use(::getpid());
  const std::scoped_lock lock(mutex_);
  state.metrics = memory_.use;
  state.scrape_duration_seconds = memory_.last_scrape.count();
  return state;
}

}  // namespace app
