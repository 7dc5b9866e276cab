#include "app/exporter.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <initializer_list>
#include <iterator>
#include <utility>

#include "app/self_report.hpp"
#include "attach/calibrate.hpp"
#include "attach/capabilities.hpp"
#include "attach/pinned_binary.hpp"
#include "base/service_notify.hpp"
#include "base/unique_fd.hpp"
#include "collect/fold_process.hpp"
#include "collect/probe_hits.hpp"
#include "discover/find_targets.hpp"
#include "metrics/build_snapshot.hpp"
#include "metrics/self_metrics.hpp"
#include "units/detached_probes.hpp"
#include "units/retired_counts.hpp"

namespace app {
namespace {

// New processes are told by the kernel at once; a full event buffer is made up for by looking now and then.
constexpr std::chrono::milliseconds kWait{500};
constexpr std::chrono::seconds kRescan{5};

// Waits for at most kWait until one of the descriptors is readable.
void wait_for_news(std::initializer_list<int> descriptors) {
  std::vector<pollfd> entries;
  for (const int descriptor : descriptors) {
    entries.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  }
  ::poll(entries.data(), entries.size(), static_cast<int>(kWait.count()));
}

// By the main thread: before Linux 6.10, a breakpoint of one process is one of the thread whose id is the
// process's.
attach::HitCosts hit_costs_here(const attach::KernelSupport& kernel, base::Logger& log) {
  auto measured = attach::measure_hit_costs(kernel);
  if (!measured) {
    log.warn("the cost of a hit is not known; a default is used", {{"reason", measured.error().message}});
    return {};
  }
  log.debug("cost of a hit", {{"emulated_ns", measured->emulated_entry.target_ns},
                              {"stepped_ns", measured->stepped_entry.target_ns},
                              {"return_ns", measured->at_return.target_ns}});
  return *measured;
}

void report(const units::BudgetBreak& found, base::Logger& log) {
  log.warn("probe detached: over the budget", {{"service", found.probe.service},
                                               {"probe", found.probe.probe},
                                               {"of", found.is_of_strangers ? "strangers" : "service"},
                                               {"cores", found.cores},
                                               {"probe_cores", found.probe_cores},
                                               {"budget", found.limit},
                                               {"retry_seconds", found.pause.count()}});
}

}  // namespace

base::Result<std::unique_ptr<Exporter>> Exporter::create(Options options, const base::Clock& clock,
                                                         base::Logger& log) {
  ASSIGN_OR_RETURN(const attach::KernelSupport kernel, attach::probe_kernel());
  if (const std::string weakened = attach::weakened_by_capabilities(); !weakened.empty()) {
    log.warn(weakened);
  }
  // Before the first service's file is opened, and before there are threads, which have capabilities of their
  // own.
  RETURN_IF_ERROR(attach::drop_capabilities(kernel));
  ASSIGN_OR_RETURN(units::KeptState kept, units::KeptState::open(options.pin_path, log));
  auto watch = attach::ProcessWatch::start(kept.shared());
  if (!watch && watch.error().code == base::ErrorCode::kUnsupported) {
    RETURN_IF_ERROR(kept.reset(watch.error().message));
    watch = attach::ProcessWatch::start(kept.shared());
  }
  if (!watch) {
    return std::unexpected(std::move(watch.error()));
  }
  ASSIGN_OR_RETURN(auto real_files, attach::RealFiles::start());
  log.debug("kernel", {{"uprobe_multi", kernel.uprobe_multi},
                       {"sleepable", kernel.sleepable},
                       {"loop_helper", kernel.loop_helper}});
  std::unique_ptr<Exporter> exporter(new Exporter(std::move(options), std::move(kept), kernel,
                                                  *std::move(watch), std::move(real_files), clock, log));
  RETURN_IF_ERROR(exporter->adopt());
  return exporter;
}

Exporter::Exporter(Options options, units::KeptState kept, attach::KernelSupport kernel,
                   attach::ProcessWatch watch, std::unique_ptr<attach::RealFiles> real_files,
                   const base::Clock& clock, base::Logger& log)
    : file_(std::move(options.file)),
      enable_lifecycle_(options.enable_lifecycle),
      kernel_(kernel),
      watch_(std::move(watch)),
      clock_(&clock),
      log_(&log),
      real_files_(std::move(real_files)),
      proc_("/proc", [this](const discover::Process& process,
                            const std::string& path) { return real_files_->below(process, path); }),
      config_(std::move(options.loaded.config)),
      kept_(std::move(kept)),
      attachments_(&config_, &budget_, &kept_, &log),
      registry_(&config_, &kept_.service_bits(), &proc_),
      ended_(&config_, &attachments_, &registry_, &kept_, &clock, &log),
      ratios_(config_.metrics),
      series_memory_(log) {
  budget_.use(config_);
  reload_state_.config_hash = std::move(options.loaded.hash);
  reload_state_.last_success_seconds =
      std::chrono::duration<double>(clock.wall_now().time_since_epoch()).count();
}

// What exporters before us have counted.
base::Result<> Exporter::adopt() {
  kept_.service_bits().assign(config_.services);
  RETURN_IF_ERROR(kept_.save_service_bits());
  if (!kept_.has_predecessor()) {
    RETURN_IF_ERROR(registry_.end_gone(watch_.maps()));
  }
  std::vector<std::string> problems;
  std::vector<attach::AttachedBinary> binaries = attach::load_pinned(kept_.units(), problems);
  for (const std::string& problem : problems) {
    log_->error("counts of an exporter before are lost", {{"reason", problem}});
  }
  for (const attach::AttachedBinary& binary : binaries) {
    RETURN_IF_ERROR(collect::resume_folds(binary));
  }
  attachments_.adopt(std::move(binaries));
  find_targets();
  update_processes();
  // Lookups that were counted before belong to no window of ours.
  ratios_.start_from(collect_samples());
  return {};
}

base::Result<> Exporter::first_round(bool strict) {
  attach_missing();
  look_at_calls();
  // After the services' probes: each moment without them is one in which nobody counts.
  const attach::HitCosts prices = hit_costs_here(kernel_, *log_);
  const std::scoped_lock lock(mutex_);
  costs_.use(prices);
  if (targets_.empty()) {
    log_->info("no process of a service is running yet; waiting for one");
  }
  for (const auto& attachment : attachments_.all()) {
    if (const auto reason = first_problem(*attachment); strict && reason) {
      return base::fail(base::ErrorCode::kUnsupported, "{} (--strict)", *reason);
    }
  }
  update_processes();
  attachments_.retire(registry_, watch_.maps());
  kept_.note_alive();
  ratios_.record(clock_->steady_now(), collect_samples());
  ready_ = true;
  return {};
}

base::Result<> Exporter::follow(const std::stop_token& stop, const Signals& lease_signals,
                                const Signals& reload_signals) {
  base::Result<> result;
  last_scan_ = clock_->steady_now();
  while (result && !stop.stop_requested()) {
    wait_for_news({watch_.event_fd(), lease_signals.fd(), reload_signals.fd()});
    const bool is_asked = reload_signals.take();
    if (lease_signals.take()) {
      give_way_to_writers();
    }
    if (is_superseded_) {
      result = follow_successor();
    } else {
      follow_processes();
      follow_config(is_asked);
      series_memory_.grow(attachments_, kept_.units(), mutex_);
      kept_.note_alive();
      keep_budget();
      if (kept_.is_wanted()) {
        hand_over();
      }
    }
    attachments_.close_detached();
  }
  if (!is_superseded_) {
    kept_.note_alive();
  }
  reload_requests_.refuse({base::ErrorCode::kUnsupported, "the exporter is stopping"});
  return result;
}

void Exporter::give_way_to_writers() {
  {
    const std::scoped_lock lock(mutex_);
    attachments_.give_way_to_writers();
  }
  attachments_.close_detached();
}

// Closes what the other exporter has attached by now.
base::Result<> Exporter::follow_successor() {
  if (kept_.is_abandoned()) {
    return base::fail(
        base::ErrorCode::kKernel,
        "the exporter that took over has ended and this one has no probes any more: start it again");
  }
  const std::scoped_lock lock(mutex_);
  attachments_.give_way_to_successor(watch_.maps());
  return {};
}

void Exporter::follow_processes() {
  auto events = watch_.take_events();
  if (!events) {
    log_->error("following processes", {{"error", events.error().message}});
    events = std::vector<process_event>{};
  }
  const bool moved =
      std::ranges::any_of(*events, [](const process_event& e) { return e.kind != EVENT_PROCESS; });
  if (moved || clock_->steady_now() - last_scan_ >= kRescan) {
    last_scan_ = clock_->steady_now();
    attach_missing();  // looks at the processes too
    const std::scoped_lock lock(mutex_);
    attachments_.retire(registry_, watch_.maps());
  } else if (!events->empty()) {
    const std::scoped_lock lock(mutex_);
    update_processes();
  }
  look_at_calls();
}

// From here on the other exporter attaches and folds; ours only shows, and counts until the other's probes
// do.
void Exporter::hand_over() {
  const std::scoped_lock lock(mutex_);
  is_superseded_ = true;
  kept_.hand_over();
  reload_requests_.refuse({base::ErrorCode::kUnsupported, "another exporter has taken over"});
  log_->info("another exporter takes over");
}

// What runs is known at once, also while it is not attached to yet.
std::vector<discover::Target> Exporter::find_targets() {
  auto targets = discover::find_targets(config_.services, proc_, ::getpid());
  const std::scoped_lock lock(mutex_);
  targets_ = targets;
  return targets;
}

// Attaching takes its time, so scrapes go on meanwhile: only this thread changes the attachments.
void Exporter::attach_missing() {
  const std::vector<discover::Target> targets = find_targets();
  std::vector<units::Attempt> attempts;
  for (units::Missing& missing : attachments_.missing(targets)) {
    // Held open: the process may end while its binary is looked into.
    const base::UniqueFd file(::open(missing.target.open_path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
      continue;  // it has ended already: the next one to run the file is tried
    }
    missing.target.open_path = fmt::format("/proc/self/fd/{}", file.value());
    attempts.push_back(attachments_.attach(std::move(missing), watch_, kernel_));
  }
  attachments_.open(attempts, watch_.maps());
  take_in(std::move(attempts), targets);
  attachments_.close_detached();
}

void Exporter::take_in(std::vector<units::Attempt> attempts, const std::vector<discover::Target>& targets) {
  const std::scoped_lock lock(mutex_);
  attachments_.add(std::move(attempts), watch_.maps());
  attachments_.follow_members(targets, kernel_);
  measure_costs();  // from their first hits on
  // Calls may run in a process that none of its probes has been hit in.
  if (auto result = watch_.number_processes(registry_.without_number(targets)); !result) {
    log_->error("numbering processes", {{"error", result.error().message}});
  }
  update_processes();
}

void Exporter::follow_config(bool is_asked) {
  const ReloadRequests::Ticket upto = reload_requests_.last();
  if (!is_asked && !reload_requests_.is_pending() && !file_.has_changed()) {
    return;
  }
  base::tell_systemd(base::ServiceState::kReloading, *log_);
  base::Result<> loaded = load_config();
  base::tell_systemd(base::ServiceState::kReady, *log_);
  reload_requests_.answer(upto, std::move(loaded));
}

// A configuration that is wrong changes nothing.
base::Result<> Exporter::load_config() {
  auto loaded = file_.load();
  {
    const std::scoped_lock lock(mutex_);
    reload_state_.last_successful = loaded.has_value();
  }
  if (!loaded) {
    log_->error("the configuration is wrong; the one before stays in use",
                {{"file", file_.path()}, {"error", loaded.error().message}});
    return std::unexpected(std::move(loaded.error()));
  }
  use_config(*std::move(loaded));
  log_->info("configuration loaded again", {{"file", file_.path()}});
  return {};
}

// Probes that are as before go on untouched; scrapes see either configuration.
void Exporter::use_config(ConfigFile::Loaded loaded) {
  {
    const std::scoped_lock lock(mutex_);
    reload_state_.last_success_seconds =
        std::chrono::duration<double>(clock_->wall_now().time_since_epoch()).count();
    reload_state_.config_hash = std::move(loaded.hash);
    if (loaded.config == config_) {
      return;
    }
    const bool same_metrics = loaded.config.metrics == config_.metrics;
    config_ = std::move(loaded.config);
    budget_.use(config_);
    kept_.service_bits().assign(config_.services);
    if (auto result = kept_.save_service_bits(); !result) {
      log_->error("keeping the services", {{"error", result.error().message}});
    }
    registry_.classify_again(watch_.maps(), attachments_.binaries());
    attachments_.drop_left_out_services();
    attachments_.try_all_again();
    if (!same_metrics) {
      ratios_ = metrics::RatioWindows(config_.metrics);
      ratios_.start_from(collect_samples());
    }
  }
  attach_missing();
  look_at_calls();
  const std::scoped_lock lock(mutex_);
  attachments_.retire(registry_, watch_.maps());
}

std::optional<base::Result<>> Exporter::reload() {
  if (!enable_lifecycle_) {
    return std::nullopt;
  }
  return reload_requests_.ask([] { ::kill(::getpid(), SIGHUP); });  // wakes the following thread
}

// The same thread as attaches, so the attachments stay; scrapes go on.
void Exporter::look_at_calls() {
  for (const auto& attachment : attachments_.all()) {
    const attach::AttachedBinary& binary = attachment->binary;
    if (binary.links.empty()) {
      continue;
    }
    std::vector<units::LiveProcess> live;
    {
      const std::scoped_lock lock(mutex_);
      if (!attachment->calls) {
        attachment->calls = std::make_unique<units::RunningCalls>(binary, watch_.maps(),
                                                                  attachment->unknown_before, *clock_, *log_);
      }
      live = registry_.live(binary.id, attachment->binary.service);
    }
    attachment->calls->look(live);
    const std::scoped_lock lock(mutex_);
    attach::settle(attachment->binary);
  }
}

void Exporter::measure_costs() {
  for (const auto& attachment : attachments_.all()) {
    const attach::AttachedBinary& binary = attachment->binary;
    for (std::size_t i = 0; !binary.links.empty() && i < binary.probes.size(); ++i) {
      const std::uint16_t number = binary.probes[i].number;
      costs_.update({binary.service, binary.plan.probes[i].name}, binary.plan.probes[i], number,
                    collect::read_probe_hits(watch_.maps(), number));
    }
  }
}

// Scrapes go on while the kernel attaches and detaches.
void Exporter::keep_budget() {
  const auto now = clock_->steady_now();
  if (now - last_budget_ < kWait) {
    return;
  }
  last_budget_ = now;
  std::vector<units::MovedProbes> out;
  {
    const std::scoped_lock lock(mutex_);
    measure_costs();
    for (const units::BudgetBreak& found : budget_.decide(now, costs_.costs()).detach) {
      report(found, *log_);
    }
    out = units::take_out(attachments_.all(), budget_);
  }
  units::finish_taking_out(std::move(out), watch_.maps(), kept_.units(), *log_);
  std::vector<units::MovedProbes> back =
      units::link_returning(attachments_.all(), budget_, targets_, kernel_);
  if (back.empty()) {
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    units::put_back(back, *log_);
  }
  look_at_calls();
  const std::scoped_lock lock(mutex_);
  units::finish_putting_back(back, kept_.units(), *log_);
}

void Exporter::update_processes() {
  auto exited = registry_.update(watch_.maps(), attachments_.binaries());
  if (!exited) {
    log_->error("classifying processes", {{"error", exited.error().message}});
    return;
  }
  if (is_superseded_) {
    return;
  }
  for (const std::uint32_t number : *exited) {
    ended_.end(number, watch_.maps());
  }
  ended_.retire(watch_.maps());
}

std::vector<collect::Sample> Exporter::collect_samples() {
  if (is_superseded_) {
    units::SeriesMemory::follow(attachments_, kept_.units());
  }
  std::vector<collect::Sample> all;
  for (const auto& attachment : attachments_.all()) {
    std::vector<collect::RawFrame> unrecorded;
    if (attachment->calls) {
      attachment->calls->refresh();
      unrecorded = attachment->calls->unrecorded();
    }
    auto samples = attachment->collector.collect(config_, attachment->binary, registry_.table(), unrecorded);
    if (!samples) {
      log_->error("collecting",
                  {{"service", attachment->binary.service}, {"error", samples.error().message}});
      continue;
    }
    // Gauges of probes that were changed are told by those that took their place.
    std::ranges::copy_if(*samples, std::back_inserter(all), [&](const collect::Sample& sample) {
      return attachment->is_current || units::is_counted(config_, sample);
    });
  }
  std::ranges::copy_if(kept_.totals().samples, std::back_inserter(all),
                       [&](const collect::Sample& sample) { return units::is_counted(config_, sample); });
  return all;
}

metrics::Snapshot Exporter::snapshot(std::optional<std::string_view> service) {
  const std::scoped_lock lock(mutex_);
  const auto start = clock_->steady_now();
  update_processes();
  measure_costs();
  const std::vector<collect::Sample> samples = collect_samples();
  ratios_.record(start, samples);
  metric_use_ = use_of_metrics(config_, samples);
  metrics::Snapshot snapshot = metrics::build_snapshot(config_.metrics, samples, service);
  snapshot = metrics::with_families(std::move(snapshot), ratios_.families(service));
  // A service's own endpoint shows that service and nothing of the exporter.
  if (!service) {
    snapshot = metrics::with_families(std::move(snapshot), metrics::self_metrics(state_now()));
  }
  last_scrape_ = clock_->steady_now() - start;
  return snapshot;
}

std::vector<std::string> Exporter::services() const {
  std::vector<std::string> names;
  std::ranges::transform(config_.services, std::back_inserter(names), &config::Service::name);
  return names;
}

std::optional<std::string> Exporter::not_ready_reason() const {
  return ready_ ? std::nullopt : std::optional<std::string>("the first probes are being attached");
}

metrics::SelfState Exporter::self_state() const {
  const std::scoped_lock lock(mutex_);
  return state_now();
}

metrics::SelfState Exporter::state_now() const {
  metrics::SelfState state = report_attachments(config_, attachments_, kept_, targets_, watch_.maps(), *log_);
  report_costs(state, config_, costs_, budget_, attachments_);
  state.metrics = metric_use_;
  state.series_memory_failures = series_memory_.failures();
  state.lost_log_lines = log_->lost_lines();
  state.reload = reload_state_;
  state.scrape_duration_seconds = last_scrape_.count();
  state.process = proc_.resource_use(::getpid());
  return state;
}

}  // namespace app
