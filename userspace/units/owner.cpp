#include "units/owner.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <span>
#include <utility>

#include "attach/capabilities.hpp"
#include "attach/pinned_binary.hpp"
#include "base/service_notify.hpp"
#include "base/unique_fd.hpp"
#include "collect/probe_hits.hpp"
#include "discover/match_service.hpp"
#include "discover/own_pid_namespace.hpp"
#include "units/beginnings.hpp"
#include "units/detached_probes.hpp"
#include "units/oldest_start.hpp"
#include "units/rehearse.hpp"
#include "units/retired_counts.hpp"

namespace units {
namespace {

// What the kernel does not report is looked at so often.
constexpr std::chrono::milliseconds kWait{500};
// Probes that could not be attached, and counts that could not be added up, are tried again.
constexpr std::chrono::seconds kTryAgain{5};
// While nobody but another exporter can count, its end is noticed so soon.
constexpr std::chrono::milliseconds kWatchSuccessor{50};
// Both exporters' pages are right for a while, so that whoever reads them can change over.
constexpr std::chrono::seconds kShownAfterSuccession{30};

constexpr const char* kSeesNothing =
    "this exporter has a pid namespace of its own and sees no process but itself: give it the host's "
    "(hostPID: true in Kubernetes, --pid=host for containers)";

// Waits for at most so long until one of the descriptors is readable.
void wait_for_news(std::initializer_list<int> descriptors, std::chrono::milliseconds longest) {
  std::vector<pollfd> entries;
  for (const int descriptor : descriptors) {
    entries.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  }
  ::poll(entries.data(), entries.size(), static_cast<int>(longest.count()));
}

void report(const BudgetBreak& found, base::Logger& log) {
  log.warn("probe detached: over the budget", {{"service", found.probe.service},
                                               {"probe", found.probe.probe},
                                               {"of", found.is_of_strangers ? "strangers" : "service"},
                                               {"cores", found.cores},
                                               {"probe_cores", found.probe_cores},
                                               {"budget", found.limit},
                                               {"retry_seconds", found.pause.count()}});
}

// The first probe that is skipped, in part or as a whole, or not attached, with its reason.
std::optional<std::string> first_problem(const attach::CountedBinary& binary) {
  if (!binary.plan.skipped.empty()) {
    const plan::SkippedProbe& skipped = binary.plan.skipped.front();
    return fmt::format("probe {}: {}", skipped.name, skipped.reason);
  }
  const auto failed = std::ranges::find_if(
      binary.probes, [](const attach::AttachedProbe& probe) { return !probe.error.empty(); });
  if (failed == binary.probes.end()) {
    return std::nullopt;
  }
  return fmt::format("probe {}: {}",
                     binary.plan.probes[static_cast<std::size_t>(failed - binary.probes.begin())].name,
                     failed->error);
}

void log_features(const attach::KernelSupport& kernel, base::Logger& log) {
  std::vector<std::string> present;
  std::vector<std::string> instead;
  for (const attach::KernelFeature& feature : attach::features_of(kernel)) {
    if (feature.is_there) {
      present.emplace_back(feature.name);
    } else {
      instead.push_back(fmt::format("without {}: {}", feature.name, feature.instead));
    }
  }
  log.info("kernel", {{"has", fmt::format("{}", fmt::join(present, ", "))},
                      {"instead", fmt::format("{}", fmt::join(instead, "; "))}});
}

std::vector<std::string> names_of(const std::vector<config::Service>& services) {
  std::vector<std::string> names;
  std::ranges::transform(services, std::back_inserter(names), &config::Service::name);
  return names;
}

}  // namespace

base::Result<std::unique_ptr<Owner>> Owner::create(Options options, const base::Clock& clock,
                                                   base::Logger& log) {
  ASSIGN_OR_RETURN(attach::KernelSupport kernel, attach::probe_kernel());
  kernel.register_writes = kernel.register_writes && options.emulates_returns;
  if (const std::string weakened = attach::weakened_by_capabilities(); !weakened.empty()) {
    log.warn(weakened);
  }
  // Before the first service's file is opened, and before there are threads, which have capabilities of their
  // own.
  RETURN_IF_ERROR(attach::drop_capabilities(kernel));
  if (options.strict) {
    RETURN_IF_ERROR(rehearse(options.loaded.config));
  }
  ASSIGN_OR_RETURN(KeptState kept, KeptState::open({.path = options.pin_path,
                                                    .services = names_of(options.loaded.config.services),
                                                    .takes_over_others = options.takes_over_others,
                                                    .turn = std::move(options.turn)},
                                                   log));
  auto watch = attach::ProcessWatch::start(kept.shared());
  if (!watch && watch.error().code == base::ErrorCode::kUnsupported) {
    RETURN_IF_ERROR(kept.reset(watch.error().message));
    watch = attach::ProcessWatch::start(kept.shared());
  }
  if (!watch) {
    return std::unexpected(std::move(watch.error()));
  }
  ASSIGN_OR_RETURN(auto real_files, attach::RealFiles::start());
  log_features(kernel, log);
  std::unique_ptr<Owner> owner(new Owner(std::move(options), std::move(kept), kernel, *std::move(watch),
                                         std::move(real_files), clock, log));
  RETURN_IF_ERROR(owner->adopt());
  return owner;
}

Owner::Owner(Options options, KeptState kept, attach::KernelSupport kernel, attach::ProcessWatch watch,
             std::unique_ptr<attach::RealFiles> real_files, const base::Clock& clock, base::Logger& log)
    : strict_(options.strict),
      takes_over_others_(options.takes_over_others),
      kernel_(kernel),
      watch_(std::move(watch)),
      clock_(&clock),
      log_(&log),
      real_files_(std::move(real_files)),
      proc_("/proc", [this](const discover::Process& process,
                            const std::string& path) { return real_files_->below(process, path); }),
      pin_path_(std::move(options.pin_path)),
      file_(std::move(options.file)),
      config_(std::move(options.loaded.config)),
      published_config_(std::make_shared<const config::ProbeConfig>(config_)),
      kept_(std::move(kept)),
      attachments_(&config_, &budget_, &kept_, &log),
      processes_(&proc_, ::getpid(), &clock),
      registry_(&config_, &kept_.service_bits(), &proc_, &watch_),
      ended_(&attachments_, &registry_, &kept_, &clock, &log),
      series_memory_(log),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  budget_.use(config_);
  reload_state_.config_hash = std::move(options.loaded.hash);
  reload_state_.last_success_seconds =
      std::chrono::duration<double>(clock.wall_now().time_since_epoch()).count();
}

// What exporters before us have counted.
base::Result<> Owner::adopt() {
  RETURN_IF_ERROR(kept_.adapt_totals(config_.metrics));
  RETURN_IF_ERROR(kept_.use_services(config_.services));
  if (!kept_.has_predecessor()) {
    RETURN_IF_ERROR(registry_.end_gone(watch_.maps()));
  }
  std::vector<std::string> problems;
  std::vector<attach::AttachedBinary> binaries = attach::load_pinned(kept_.units(), problems);
  for (const std::string& problem : problems) {
    kept_.count_reset(problem);
  }
  resume_or_forget(binaries, kept_);
  attachments_.adopt(std::move(binaries));
  note_unknown_beginnings(kept_.totals(), attachments_);
  follow_names();
  look_at_all_processes();
  update_processes();
  publish();
  return {};
}

base::Result<Owner::Ending> Owner::run(const std::stop_token& stop, const Wakers& wakers,
                                       const std::function<void()>& on_attached) {
  base::Result<Ending> result = first_round();
  if (result && *result == Ending::kStopped) {
    on_attached();
    result = follow(stop, wakers);
  }
  reload_requests_.refuse({base::ErrorCode::kUnsupported, "the exporter is stopping"});
  return result;
}

Owner::Options Owner::heir() {
  return {.file = file_,
          .loaded = {.config = config_, .hash = reload_state_.config_hash, .warnings = {}},
          .pin_path = pin_path_,
          .takes_over_others = takes_over_others_,
          .emulates_returns = kernel_.register_writes,
          .strict = strict_ && !has_said_ready_,  // later it has worked
          .turn = kept_.give_turn()};
}

base::Result<Owner::Ending> Owner::first_round() {
  look_at_all_processes();
  std::vector<Attempt> attempts = try_missing();
  RETURN_IF_ERROR(check_strictly(attempts));
  if (kept_.has_lost_predecessor()) {
    log_->warn("the exporter that handed over has ended before this one counts");
    return Ending::kBeginsAnew;
  }
  begin_to_count(std::move(attempts));
  look_at_calls();
  if (targets_.empty()) {
    log_->info("no process of a service is running yet; waiting for one");
  }
  update_processes();
  retire();
  kept_.note_alive(oldest_start_ns(targets_));
  watched_since_ns_ = base::boot_time_ns();
  not_ready_ = "the cost of a hit is being measured";
  sees_nothing_ = sees_nothing();
  if (sees_nothing_) {
    log_->warn(kSeesNothing);
  }
  publish();
  return Ending::kStopped;
}

base::Result<> Owner::check_strictly(const std::vector<Attempt>& attempts) const {
  for (const Attempt& attempt : attempts) {
    const auto reason = attempt.attachment ? first_problem(attempt.attachment->binary) : attempt.refused;
    if (strict_ && reason) {
      return base::fail(base::ErrorCode::kUnsupported, "service {}: {} (--strict)", attempt.missing.service,
                        *reason);
    }
  }
  return {};
}

base::Result<Owner::Ending> Owner::follow(const std::stop_token& stop, const Wakers& wakers) {
  base::Result<Ending> result = Ending::kStopped;
  while (result && *result == Ending::kStopped && !stop.stop_requested()) {
    wait_for_news({watch_.event_fd(), wakers.lease->fd(), wakers.reload->fd(), wake_.value()},
                  superseded_ ? kWatchSuccessor : kWait);
    const bool is_asked = wakers.reload->take();
    take_prices();  // superseded or not: the event would wake us for ever
    if (wakers.lease->take()) {
      give_way_to_writers();
    }
    if (superseded_) {
      result = follow_successor();
    } else {
      follow_once(is_asked);
    }
    publish();
    say_ready();
    attachments_.close_detached();
  }
  if (!superseded_ || !kept_.has_successor_counted()) {
    kept_.note_alive(oldest_start_ns(targets_));
  }
  kept_.end_counting();
  attachments_.end(watch_.maps());
  return result;
}

void Owner::follow_once(bool is_asked) {
  follow_processes();
  if (is_asked) {
    follow_config(is_asked);
  }
  if (clock_->steady_now() - last_work_ >= kWait) {
    last_work_ = clock_->steady_now();
    do_periodic_work();
  }
}

// News of processes come hundreds of times a second on some machines: this does not.
void Owner::do_periodic_work() {
  look_at_calls();
  follow_config(false);
  series_memory_.grow(attachments_, kept_.units(), [this] { publish(); });
  kept_.note_alive(oldest_start_ns(targets_));
  keep_budget();
  if (kept_.is_wanted()) {
    hand_over();
  }
}

void Owner::give_way_to_writers() {
  attachments_.give_way_to_writers(watch_.maps());
  attachments_.close_detached();
}

// Closes what the other exporter has attached by now, and sees the memory that it has made.
base::Result<Owner::Ending> Owner::follow_successor() {
  ASSIGN_OR_RETURN(const Successor successor, kept_.look_at_successor());
  if (successor == Successor::kGone) {
    return take_back();
  }
  note_superseded(successor);
  attachments_.give_way_to_successor(watch_.maps());
  SeriesMemory::follow(attachments_, kept_.units());
  update_processes();
  return Ending::kStopped;
}

void Owner::note_superseded(Successor successor) {
  const auto now = clock_->steady_now();
  if (successor != Successor::kPreparing && superseded_->successor == Successor::kPreparing) {
    superseded_->since = now;
    kept_.end_counting();
  }
  if (successor == Successor::kSilent && superseded_->successor != Successor::kSilent) {
    log_->warn(
        "the exporter that took over is not heard of any more; what it has attached goes on to count, and "
        "this one shows it");
  }
  superseded_->successor = successor;
  const bool is_stale =
      successor == Successor::kCounting && now - superseded_->since >= kShownAfterSuccession;
  if (is_stale && !superseded_->is_stale) {
    log_->warn(
        "another exporter counts with the same pins, and this one shows nothing any more: stop one of them, "
        "or give one another --bpf.pin-path");
  }
  superseded_->is_stale = is_stale;
}

// The other exporter has ended. If it had not begun to count, ours have counted on.
base::Result<Owner::Ending> Owner::take_back() {
  const bool has_counted = kept_.has_successor_counted();
  log_->warn("the exporter that took over has ended: this one takes back", {{"counted", has_counted}});
  if (has_counted) {
    return Ending::kBeginsAnew;
  }
  RETURN_IF_ERROR(resume());
  return Ending::kStopped;
}

// As if nobody had taken over: all that the other exporter has left are plans that nothing was counted by.
base::Result<> Owner::resume() {
  superseded_.reset();
  kept_.read_again();
  RETURN_IF_ERROR(kept_.adapt_totals(config_.metrics));
  RETURN_IF_ERROR(kept_.use_services(config_.services));
  attachments_.resume(watch_.maps());
  SeriesMemory::follow(attachments_, kept_.units());
  registry_ = ProcessRegistry(&config_, &kept_.service_bits(), &proc_, &watch_);
  ended_ = EndedProcesses(&attachments_, &registry_, &kept_, clock_, log_);
  RETURN_IF_ERROR(registry_.end_gone(watch_.maps()));
  look_at_all_processes();
  update_processes();
  attach_missing();
  return {};
}

bool Owner::sees_nothing() const {
  return targets_.empty() && discover::is_alone("/proc", ::getpid());
}

void Owner::follow_processes() {
  auto events = watch_.take_events();
  if (!events) {
    log_->error("following processes", {{"error", events.error().message}});
    events = std::vector<process_event>{};
  }
  const bool changed = processes_.follow(config_.services, *events, watch_.lost_events());
  if (changed || clock_->steady_now() - last_attempt_ >= kTryAgain) {
    targets_ = processes_.targets();
    attach_missing();
    sees_nothing_ = sees_nothing_ && sees_nothing();
    retire();
    look_at_calls();
  } else if (std::ranges::any_of(*events, [](const process_event& event) { return event.number != 0; })) {
    update_processes();
    look_at_calls();
  }
}

// From here on the other exporter attaches and folds; ours only shows, and counts until the other's probes
// do.
void Owner::hand_over() {
  superseded_ = Superseded{};
  kept_.hand_over();
  reload_requests_.refuse({base::ErrorCode::kUnsupported, "another exporter has taken over"});
  log_->info("another exporter takes over");
}

// What runs is known at once, also while it is not attached to yet.
void Owner::look_at_all_processes() {
  processes_.look_at_all(config_.services);
  targets_ = processes_.targets();
}

void Owner::follow_names() {
  if (auto result = watch_.follow_names(discover::possible_file_names(config_.services)); !result) {
    log_->error("following processes", {{"error", result.error().message}});
  }
}

// Attaches what is missing; nothing of it counts yet.
std::vector<Attempt> Owner::try_missing() {
  last_attempt_ = clock_->steady_now();
  attachments_.leave_changed_files(targets_, watch_.maps());
  publish();
  attachments_.close_detached();
  std::vector<Attempt> attempts;
  for (Missing& missing : attachments_.missing(targets_)) {
    // Held open: the process may end while its binary is looked into.
    const base::UniqueFd file(::open(missing.target.open_path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) {
      continue;  // it has ended already: the next one to run the file is tried
    }
    missing.target.open_path = fmt::format("/proc/self/fd/{}", file.value());
    attempts.push_back(attachments_.attach(std::move(missing), watch_, kernel_));
  }
  return attempts;
}

void Owner::attach_missing() {
  begin_to_count(try_missing());
}

void Owner::begin_to_count(std::vector<Attempt> attempts) {
  if (std::ranges::any_of(attempts, &Attempt::is_stale)) {
    look_at_all_processes();
    last_attempt_ = {};  // again at once
  }
  kept_.begin_to_count();
  attachments_.open(attempts, watch_.maps());
  count_first_moments(attempts);
  take_in(std::move(attempts));
  publish();
  attachments_.report_new();
  attachments_.close_detached();
}

// Calls of programs that nobody has counted before are missed until the probes are there.
void Owner::count_first_moments(const std::vector<Attempt>& attempts) {
  if (watched_since_ns_ == 0) {
    return;  // the first round: note_alive() knows
  }
  const std::uint64_t now = base::boot_time_ns();
  std::uint64_t since = now;
  for (const Attempt& attempt : attempts) {
    if (attempt.attachment && !attempt.takes_over) {
      const std::uint64_t started = oldest_start_ns(std::span(&attempt.missing.target, 1));
      since = std::min(since, std::max(started, watched_since_ns_));
    }
  }
  kept_.add_blind(std::chrono::nanoseconds(now - since));
}

void Owner::take_in(std::vector<Attempt> attempts) {
  attachments_.add(std::move(attempts), watch_.maps());
  if (note_beginnings(kept_.totals(), attachments_, clock_->wall_now())) {
    if (auto result = kept_.save_totals(); !result) {
      log_->error("keeping when counts began", {{"error", result.error().message}});
    }
  }
  attachments_.follow_members(targets_, kernel_);
  measure_costs();  // from their first hits on
  // Calls may run in a process that none of its probes has been hit in.
  std::vector<pid_t> fresh = registry_.without_number(targets_);
  std::ranges::copy(processes_.take_new_members(), std::back_inserter(fresh));
  if (auto result = watch_.number_processes(fresh); !result) {
    log_->error("numbering processes", {{"error", result.error().message}});
  }
  if (processes_.look_again(config_.services, fresh)) {
    targets_ = processes_.targets();
  }
  update_processes();
}

void Owner::retire() {
  attachments_.retire(registry_, watch_.maps());
}

void Owner::follow_config(bool is_asked) {
  const ReloadRequests::Ticket upto = reload_requests_.last();
  if (!is_asked && !reload_requests_.is_pending() && !file_.has_changed()) {
    return;
  }
  base::tell_systemd(base::ServiceState::kReloading, *log_);
  base::Result<> loaded = load_config();
  publish();
  base::tell_systemd(base::ServiceState::kReady, *log_);
  reload_requests_.answer(upto, std::move(loaded));
}

// A configuration that is wrong changes nothing.
base::Result<> Owner::load_config() {
  auto loaded = file_.load();
  reload_state_.last_successful = loaded.has_value();
  if (!loaded) {
    log_->error("the configuration is wrong; the one before stays in use",
                {{"file", file_.path()}, {"error", loaded.error().message}});
    return std::unexpected(std::move(loaded.error()));
  }
  for (const std::string& warning : loaded->warnings) {
    log_->warn("configuration", {{"warning", warning}});
  }
  use_config(*std::move(loaded));
  log_->info("configuration loaded again", {{"file", file_.path()}});
  return {};
}

// Probes that are as before go on untouched; readers see either configuration, with the units that belong to
// it.
void Owner::use_config(config::ConfigFile::Loaded loaded) {
  reload_state_.last_success_seconds =
      std::chrono::duration<double>(clock_->wall_now().time_since_epoch()).count();
  reload_state_.config_hash = std::move(loaded.hash);
  if (loaded.config == config_) {
    return;
  }
  config_ = std::move(loaded.config);
  published_config_ = std::make_shared<const config::ProbeConfig>(config_);
  budget_.use(config_);
  watched_since_ns_ = base::boot_time_ns();
  if (auto result = kept_.use_services(config_.services); !result) {
    log_->error("keeping the services", {{"error", result.error().message}});
  }
  if (auto result = kept_.adapt_totals(config_.metrics); !result) {
    log_->error("keeping the totals", {{"error", result.error().message}});
  }
  registry_.classify_again(watch_.maps(), attachments_.binaries());
  attachments_.drop_left_out_services(watch_.maps());
  attachments_.try_all_again();
  follow_names();
  look_at_all_processes();
  attach_missing();
  look_at_calls();
  retire();
}

void Owner::look_at_calls() {
  for (const auto& attachment : attachments_.all()) {
    attach::AttachedBinary& binary = attachment->binary;
    if (binary.links.empty()) {
      continue;
    }
    if (!attachment->calls) {
      attachment->calls =
          std::make_unique<RunningCalls>(binary, watch_.maps(), attachment->unknown_before, *clock_, *log_);
    }
    attachment->calls->look(registry_.live(binary.id, binary.service));
    attach::settle(binary);
  }
}

void Owner::use_prices(const attach::HitCosts& prices) {
  {
    const std::scoped_lock lock(exchange_);
    new_prices_ = prices;
  }
  ::eventfd_write(wake_.value(), 1);
}

void Owner::take_prices() {
  eventfd_t times = 0;
  ::eventfd_read(wake_.value(), &times);
  const std::scoped_lock lock(exchange_);
  if (new_prices_) {
    costs_.use(*std::exchange(new_prices_, std::nullopt));
    not_ready_.clear();
  }
}

// When /-/ready says so, too: whoever has read the line need not ask again.
void Owner::say_ready() {
  if (!has_said_ready_ && !view()->not_ready) {
    has_said_ready_ = true;
    log_->info("ready");
    base::tell_systemd(base::ServiceState::kReady, *log_);
  }
}

void Owner::measure_costs() {
  for (const auto& attachment : attachments_.all()) {
    if (!attachment->binary.links.empty()) {
      measure(costs_, attachment->binary, watch_.maps());
    }
  }
}

// Readers go on while the kernel attaches and detaches.
void Owner::keep_budget() {
  const auto now = clock_->steady_now();
  if (now - last_budget_ < kWait) {
    return;
  }
  last_budget_ = now;
  measure_costs();
  for (const BudgetBreak& found : budget_.decide(now, costs_.costs()).detach) {
    report(found, *log_);
  }
  std::vector<MovedProbes> out = take_out(attachments_.all(), budget_);
  if (!out.empty()) {
    publish();  // the gauges of these probes are not known from here on
  }
  finish_taking_out(std::move(out), watch_.maps(), kept_.units(), *log_);
  std::vector<MovedProbes> back = link_returning(attachments_.all(), budget_, targets_, kernel_);
  if (back.empty()) {
    return;
  }
  put_back(back, *log_);
  look_at_calls();
  finish_putting_back(back, kept_.units(), *log_);
}

void Owner::update_processes() {
  auto exited = registry_.update(watch_.maps(), attachments_.binaries());
  if (!exited) {
    log_->error("classifying processes", {{"error", exited.error().message}});
    return;
  }
  if (superseded_) {
    return;
  }
  for (const auto& attachment : attachments_.all()) {
    if (auto result = registry_.learn_labels(watch_.maps(), attachment->binary); !result) {
      log_->warn("process label not kept", {{"reason", result.error().message}});
    }
  }
  for (const std::uint32_t number : *exited) {
    ended_.end(number, watch_.maps());
  }
  ended_.retire(watch_.maps());
}

std::shared_ptr<const View> Owner::view() const {
  const std::scoped_lock lock(exchange_);
  return view_;
}

void Owner::publish() {
  auto view = std::make_shared<View>();
  view->config = published_config_;
  for (const auto& attachment : attachments_.all()) {
    view->units.push_back(view_of(*attachment));
  }
  view->processes = registry_.published_table();
  view->totals = kept_.published_totals();
  view->service_bits = std::make_shared<const attach::ServiceBits>(kept_.service_bits());
  view->services = count_processes();
  view->costs = costs_;
  view->budget = budget_;
  view->reload = reload_state_;
  if (sees_nothing_) {
    view->not_ready = kSeesNothing;
  } else if (!not_ready_.empty()) {
    view->not_ready = not_ready_;
  }
  view->superseded = superseded_;
  view->blind_seconds = kept_.blind_seconds();
  view->resets = kept_.resets();
  view->series_memory_failures = series_memory_.failures();
  std::shared_ptr<const View> fresh = std::move(view);
  const std::scoped_lock lock(exchange_);
  view_.swap(fresh);  // the one before is given up without the lock
}

UnitView Owner::view_of(Attachment& attachment) {
  return {.binary = attachment.published(),
          .state = attachment.state,
          .has_links = !attachment.binary.links.empty(),
          .gauges = attachment.gauges,
          .unrecorded = attachment.calls ? attachment.calls->unrecorded() : std::vector<collect::RawFrame>{},
          .unknown_baselines =
              attachment.calls ? attachment.calls->unknown_baselines() : attachment.unknown_before};
}

std::vector<metrics::ServiceState> Owner::count_processes() const {
  std::vector<metrics::ServiceState> states;
  for (const config::Service& service : config_.services) {
    metrics::ServiceState state{.service = service.name, .processes = 0};
    for (const discover::Target& target : targets_) {
      state.processes +=
          static_cast<std::uint64_t>(std::ranges::count_if(target.members, [&](const auto& member) {
            return std::ranges::find(member.services, service.name) != member.services.end();
          }));
    }
    states.push_back(std::move(state));
  }
  return states;
}

}  // namespace units
