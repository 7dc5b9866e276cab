// The running exporter: wires the stages and owns the thread that follows processes.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "app/config_file.hpp"
#include "app/reload_requests.hpp"
#include "app/signals.hpp"
#include "attach/kernel_support.hpp"
#include "attach/process_watch.hpp"
#include "attach/real_files.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "expose/routes.hpp"
#include "metrics/ratio_window.hpp"
#include "units/attachments.hpp"
#include "units/budget.hpp"
#include "units/ended_processes.hpp"
#include "units/kept_state.hpp"
#include "units/probe_costs.hpp"
#include "units/process_registry.hpp"
#include "units/series_memory.hpp"

namespace app {

class Exporter final : public expose::Exposed {
 public:
  struct Options {
    ConfigFile file;
    ConfigFile::Loaded loaded;
    std::string pin_path;           // "": counts begin at 0
    bool enable_lifecycle = false;  // reload() may be asked for over HTTP
  };

  // Prepares the kernel side and takes over what an earlier exporter has counted; nothing is attached yet.
  // `clock` and `log` outlive the exporter.
  static base::Result<std::unique_ptr<Exporter>> create(Options options, const base::Clock& clock,
                                                        base::Logger& log);

  // Attaches to what runs now. With `strict`, a probe that cannot be attached is an error.
  [[nodiscard]] base::Result<> first_round(bool strict);

  // Follows processes that come and go, writers that wait for a probed file, changes of the configuration and
  // exporters that want to take over, until `stop`. An error where there is nothing left to follow: another
  // exporter took over and has ended since.
  [[nodiscard]] base::Result<> follow(const std::stop_token& stop, const Signals& lease_signals,
                                      const Signals& reload_signals);

  [[nodiscard]] metrics::Snapshot snapshot(std::optional<std::string_view> service) override;
  [[nodiscard]] std::vector<std::string> services() const override;
  [[nodiscard]] std::optional<std::string> not_ready_reason() const override;
  [[nodiscard]] metrics::SelfState self_state() const override;
  [[nodiscard]] std::optional<base::Result<>> reload() override;

 private:
  Exporter(Options options, units::KeptState kept, attach::KernelSupport kernel, attach::ProcessWatch watch,
           std::unique_ptr<attach::RealFiles> real_files, const base::Clock& clock, base::Logger& log);

  base::Result<> adopt();
  std::vector<discover::Target> find_targets();
  void attach_missing();
  void take_in(std::vector<units::Attempt> attempts, const std::vector<discover::Target>& targets);
  void follow_processes();
  void give_way_to_writers();
  [[nodiscard]] base::Result<> follow_successor();
  void follow_config(bool is_asked);
  [[nodiscard]] base::Result<> load_config();
  void use_config(ConfigFile::Loaded loaded);
  void hand_over();
  void look_at_calls();
  void measure_costs();
  void keep_budget();
  void update_processes();
  [[nodiscard]] std::vector<collect::Sample> collect_samples();
  [[nodiscard]] metrics::SelfState state_now() const;

  ConfigFile file_;
  const bool enable_lifecycle_;
  attach::KernelSupport kernel_;
  attach::ProcessWatch watch_;
  const base::Clock* clock_;  // owned by main
  base::Logger* log_;         // owned by main
  std::unique_ptr<attach::RealFiles> real_files_;
  discover::ProcFs proc_;  // asks real_files_

  // Guards what follows: server threads read while the following thread attaches.
  mutable std::mutex mutex_;
  config::ProbeConfig config_;
  units::KeptState kept_;
  units::CostMeter costs_;
  units::Budget budget_;
  units::Attachments attachments_;
  units::ProcessRegistry registry_;
  units::EndedProcesses ended_;
  metrics::RatioWindows ratios_;
  std::vector<discover::Target> targets_;
  units::SeriesMemory series_memory_;

  std::vector<metrics::MetricUse> metric_use_;  // at the last scrape
  std::chrono::duration<double> last_scrape_{0};
  metrics::ReloadState reload_state_;
  bool is_superseded_ = false;  // another exporter counts; we only show

  std::atomic<bool> ready_ = false;
  std::chrono::steady_clock::time_point last_scan_;    // of the following thread
  std::chrono::steady_clock::time_point last_budget_;  // of the following thread

  ReloadRequests reload_requests_;  // answered by the following thread
};

}  // namespace app
