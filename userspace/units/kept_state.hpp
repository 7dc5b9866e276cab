// What exporters hand on to each other through a BPF file system: what was counted, and which of them is at
// work.
//
//   PATH/counting/     empty, a lock (units/succession)
//   PATH/exporter      numbers that every version understands (units/exporter_words)
//   PATH/v4/shared/    maps of attach::SharedMaps
//   PATH/v4/unit_*/    one service's probes in one binary (attach/pinned_binary)
//   PATH/v4/totals     counts of probes that are no more (collect/totals)
//   PATH/v4/services   names of services by their bit
//   PATH/v4/scope      names of the services that the exporter at work counts
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attach/attached_binary.hpp"
#include "attach/pin_folder.hpp"
#include "attach/service_bits.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "collect/totals.hpp"
#include "config/probe_config.hpp"
#include "units/exporter_words.hpp"
#include "units/succession.hpp"

namespace units {

class KeptState {
 public:
  struct Options {
    std::string path;  // empty, or outside of a BPF file system (which is logged): nothing is kept
    std::vector<std::string> services;  // that this exporter counts
    bool takes_over_others = false;     // also from an exporter that counts services which we do not
    Turn turn;                          // given by give_turn()
  };

  // Where another exporter is at work, waits until it hands over. Error: it does not, or it counts services
  // that nobody would count then, which needs `takes_over_others`; it has not noticed us in the second case.
  static base::Result<KeptState> open(Options options, base::Logger& log);

  // Removes all that exporters have left at `path`. Error: one is at work there.
  static base::Result<> remove(const std::string& path);

  [[nodiscard]] const attach::PinFolder& shared() const { return shared_; }

  [[nodiscard]] const attach::PinFolder& units() const { return version_; }

  // Whether an exporter handed over to us, whose probes go on to count until ours do.
  [[nodiscard]] bool has_predecessor() const { return succession_ && succession_->has_predecessor(); }

  // Begins anew: what is kept cannot be used. Counted as a reset.
  base::Result<> reset(const std::string& reason);

  // To be changed.
  collect::Totals& totals() {
    shown_totals_.reset();
    return totals_;
  }

  // As they are now, for readers.
  [[nodiscard]] const std::shared_ptr<const collect::Totals>& published_totals();

  [[nodiscard]] const collect::Totals& totals() const { return totals_; }

  base::Result<> save_totals();

  // Before counts are read by another configuration: the totals are told in its labels and buckets. Each
  // metric that starts again at 0 is logged and counted as a reset.
  base::Result<> adapt_totals(const std::vector<config::Metric>& metrics);

  // Counts of an earlier exporter, or of one of its units, cannot be read: logged, and counted as a reset.
  void count_reset(const std::string& reason);

  attach::ServiceBits& service_bits() { return service_bits_; }

  // Gives bits to services that have none, and says that we count these.
  base::Result<> use_services(const std::vector<config::Service>& services);

  // Whether the predecessor has ended before begin_to_count(): what was adopted of it is not true any more.
  [[nodiscard]] bool has_lost_predecessor() const;

  // Before the first gate is opened.
  void begin_to_count();

  // Before the gates are shut for good, or when another exporter's are open.
  void end_counting();

  // Says that services are watched now. The first call ends the time in which they were not, as far as any
  // ran then: `running_since` is the boot time in ns at which the oldest process of any service began; 0:
  // none runs.
  void note_alive(std::uint64_t running_since);

  // So much more time in which a service ran without probes.
  void add_blind(std::chrono::nanoseconds time);

  // An exporter waits for us: from hand_over() on everything but scrapes is its.
  [[nodiscard]] bool is_wanted() const;
  void hand_over();

  // After hand_over(). With kGone everything is ours again.
  [[nodiscard]] base::Result<Successor> look_at_successor();

  // Whether it began to take the place of our probes.
  [[nodiscard]] bool has_successor_counted() const { return succession_->has_successor_counted(); }

  // Of kGone: what it has left, in place of what we knew.
  void read_again();

  // For the exporter that takes our place in this process.
  [[nodiscard]] Turn give_turn() { return succession_ ? succession_->give_turn() : Turn(); }

  [[nodiscard]] double blind_seconds() const;
  [[nodiscard]] std::uint64_t resets() const;

 private:
  explicit KeptState(base::Logger& log) : log_(&log) {}

  base::Result<> open_folders();
  base::Result<> take_turn(Options options);
  base::Result<> wait_for_turn();
  [[nodiscard]] base::Result<> check_scope(const Options& options) const;
  void drop_other_versions();
  void read_kept();
  void read_totals();
  void read_service_bits();

  base::Logger* log_;  // owned by main
  attach::PinFolder root_;
  attach::PinFolder version_;
  attach::PinFolder shared_;
  std::shared_ptr<ExporterWords> words_;
  std::optional<Succession> succession_;  // absent: no other exporter knows of us
  bool was_noted_ = false;
  collect::Totals totals_;
  std::shared_ptr<const collect::Totals> shown_totals_;  // null: they may have changed since
  attach::ServiceBits service_bits_;
};

}  // namespace units
