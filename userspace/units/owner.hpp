// The one owner of all units. One thread runs it: it follows processes, files, the configuration and other
// exporters, and changes the units; nobody else does. Everybody else reads the view that it publishes after
// each change, and waits for nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "attach/kernel_support.hpp"
#include "attach/process_watch.hpp"
#include "attach/real_files.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/signals.hpp"
#include "base/unique_fd.hpp"
#include "config/config_file.hpp"
#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "units/attachments.hpp"
#include "units/budget.hpp"
#include "units/ended_processes.hpp"
#include "units/kept_state.hpp"
#include "units/probe_costs.hpp"
#include "units/process_follower.hpp"
#include "units/process_registry.hpp"
#include "units/reload_requests.hpp"
#include "units/series_memory.hpp"
#include "units/view.hpp"

namespace units {

class Owner {
 public:
  struct Options {
    config::ConfigFile file;
    config::ConfigFile::Loaded loaded;
    std::string pin_path;            // "": counts begin at 0
    bool takes_over_others = false;  // see KeptState::Options
    bool emulates_returns = true;    // where the kernel can
    bool strict = false;             // a probe that cannot be attached in the first round is an error
    Turn turn;                       // see heir()
  };

  // Why run() has returned.
  enum class Ending : std::uint8_t {
    kStopped,
    kBeginsAnew,  // an exporter that took over from us, or was to hand over to us, has ended: heir() goes on
  };

  // What wakes the thread beside processes.
  struct Wakers {
    const base::Signals* lease;   // SIGIO: a writer waits for a probed file
    const base::Signals* reload;  // SIGHUP: the configuration is to be loaded again
  };

  // Prepares the kernel side and takes over what an earlier exporter has counted; nothing is attached yet.
  // `clock` and `log` outlive the owner.
  static base::Result<std::unique_ptr<Owner>> create(Options options, const base::Clock& clock,
                                                     base::Logger& log);

  // The owner's thread. Attaches to what runs now, calls `on_attached`, then follows what comes and goes
  // until `stop`. An error where it cannot go on: with `strict` a probe that
  // does not work.
  [[nodiscard]] base::Result<Ending> run(const std::stop_token& stop, const Wakers& wakers,
                                         const std::function<void()>& on_attached);

  // After Ending::kBeginsAnew: with which a new owner goes on from what the other exporter has left.
  [[nodiscard]] Options heir();

  // Any thread, at any time.
  [[nodiscard]] std::shared_ptr<const View> view() const;

  // Loads the configuration again and returns when that is done; refused while the owner's thread is not
  // there. Any thread; `wake` must make the reload signal arrive.
  [[nodiscard]] base::Result<> reload(const std::function<void()>& wake) {
    return reload_requests_.ask(wake);
  }

  // The price of hits from now on, measured by somebody else when everything is attached: with it we are
  // ready. Any thread.
  void use_prices(const attach::HitCosts& prices);

  // Shared by all units for the owner's whole life.
  [[nodiscard]] const attach::SharedMaps& maps() const { return watch_.maps(); }

  [[nodiscard]] const discover::ProcFs& proc() const { return proc_; }

  [[nodiscard]] attach::PidNamespace pid_namespace() const { return watch_.pid_namespace(); }

  // Reports of processes that the kernel had no room for.
  [[nodiscard]] std::uint64_t lost_process_events() const { return watch_.lost_events(); }

  [[nodiscard]] const attach::KernelSupport& kernel() const { return kernel_; }

 private:
  Owner(Options options, KeptState kept, attach::KernelSupport kernel, attach::ProcessWatch watch,
        std::unique_ptr<attach::RealFiles> real_files, const base::Clock& clock, base::Logger& log);

  base::Result<> adopt();
  [[nodiscard]] base::Result<Ending> first_round();
  [[nodiscard]] bool sees_nothing() const;
  [[nodiscard]] base::Result<Ending> follow(const std::stop_token& stop, const Wakers& wakers);
  void follow_once(bool is_asked);
  void do_periodic_work();
  void look_at_all_processes();
  void follow_names();
  [[nodiscard]] std::vector<Attempt> try_missing();
  void attach_missing();
  [[nodiscard]] base::Result<> check_strictly(const std::vector<Attempt>& attempts) const;
  void begin_to_count(std::vector<Attempt> attempts);
  void count_first_moments(const std::vector<Attempt>& attempts);
  void take_in(std::vector<Attempt> attempts);
  void follow_processes();
  void give_way_to_writers();
  [[nodiscard]] base::Result<Ending> follow_successor();
  [[nodiscard]] base::Result<Ending> take_back();
  void note_superseded(Successor successor);
  [[nodiscard]] base::Result<> resume();
  void follow_config(bool is_asked);
  [[nodiscard]] base::Result<> load_config();
  void use_config(config::ConfigFile::Loaded loaded);
  void hand_over();
  void look_at_calls();
  void take_prices();
  void say_ready();
  void measure_costs();
  void keep_budget();
  void update_processes();
  void retire();
  void publish();
  [[nodiscard]] UnitView view_of(Attachment& attachment);
  [[nodiscard]] std::vector<metrics::ServiceState> count_processes() const;

  const bool strict_;
  const bool takes_over_others_;
  attach::KernelSupport kernel_;
  attach::ProcessWatch watch_;
  const base::Clock* clock_;  // owned by main
  base::Logger* log_;         // owned by main
  std::unique_ptr<attach::RealFiles> real_files_;
  discover::ProcFs proc_;  // asks real_files_

  // Of the owner's thread alone, as all that follows but what says otherwise.
  std::string pin_path_;
  config::ConfigFile file_;
  config::ProbeConfig config_;
  std::shared_ptr<const config::ProbeConfig> published_config_;
  KeptState kept_;
  CostMeter costs_;
  Budget budget_;
  Attachments attachments_;
  ProcessFollower processes_;
  ProcessRegistry registry_;
  EndedProcesses ended_;
  std::vector<discover::Target> targets_;
  SeriesMemory series_memory_;
  metrics::ReloadState reload_state_;
  std::optional<Superseded> superseded_;  // while another exporter has the turn
  bool sees_nothing_ = false;
  bool has_said_ready_ = false;
  std::string not_ready_ = "the first probes are being attached";  // empty: we are
  std::uint64_t watched_since_ns_ = 0;  // boot time: from then on with this configuration; 0: not yet
  std::chrono::steady_clock::time_point last_attempt_;
  std::chrono::steady_clock::time_point last_work_;
  std::chrono::steady_clock::time_point last_budget_;

  ReloadRequests reload_requests_;  // any thread

  mutable std::mutex exchange_;  // guards what follows, each time for as long as it takes to copy it
  std::shared_ptr<const View> view_;
  std::optional<attach::HitCosts> new_prices_;

  base::UniqueFd wake_;  // an event: something is there to be taken
};

}  // namespace units
