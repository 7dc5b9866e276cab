// What exporters hand on to each other through a BPF file system: what was counted, and which of them is at
// work.
//
//   PATH/exporter      numbers that every version understands (enum Word)
//   PATH/v3/shared/    maps of attach::SharedMaps
//   PATH/v3/unit_*/    one service's probes in one binary (attach/pinned_binary)
//   PATH/v3/totals     counts of probes that are no more (collect/totals)
//   PATH/v3/services   names of services by their bit
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "attach/attached_binary.hpp"
#include "attach/pin_folder.hpp"
#include "attach/service_bits.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "collect/totals.hpp"
#include "config/probe_config.hpp"

namespace units {

class KeptState {
 public:
  // An empty path, or one outside of a BPF file system (which is logged): nothing is kept. Where another
  // exporter is at work, waits until it hands over; error: it does not.
  static base::Result<KeptState> open(const std::string& path, base::Logger& log);

  // Removes all that exporters have left at `path`. Error: one is at work there.
  static base::Result<> remove(const std::string& path);

  [[nodiscard]] const attach::PinFolder& shared() const { return shared_; }

  [[nodiscard]] const attach::PinFolder& units() const { return version_; }

  // Whether an exporter handed over to us, whose probes go on to count until ours do.
  [[nodiscard]] bool has_predecessor() const { return has_predecessor_; }

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

  base::Result<> save_service_bits();

  // Says that services are watched now. The first call ends the time in which they were not.
  void note_alive();

  // A new exporter waits for us: from now on everything but scrapes is its.
  [[nodiscard]] bool is_wanted() const;
  void hand_over();

  // After hand_over(): whether no exporter is at work any more.
  [[nodiscard]] bool is_abandoned() const;

  [[nodiscard]] double blind_seconds() const;
  [[nodiscard]] std::uint64_t resets() const;

 private:
  explicit KeptState(base::Logger& log) : log_(&log) {}

  enum class Word : std::uint32_t {
    kAlive,      // boot time in ns: probes were attached then; 0: never
    kBlind,      // ns without probes, all together
    kResets,     // times that counts were given up
    kSuccessor,  // 1: an exporter waits
    kWords,
  };

  base::Result<> open_folders();
  base::Result<> open_words();
  base::Result<> wait_for_turn();
  void drop_other_versions();
  void read_kept();
  [[nodiscard]] std::uint64_t word(Word which) const;
  void set_word(Word which, std::uint64_t value);

  base::Logger* log_;  // owned by main
  attach::PinFolder root_;
  attach::PinFolder version_;
  attach::PinFolder shared_;
  base::UniqueFd words_;
  base::UniqueFd turn_;  // locked while we are the one at work
  std::chrono::steady_clock::time_point handed_over_;
  bool has_predecessor_ = false;
  bool was_noted_ = false;
  collect::Totals totals_;
  std::shared_ptr<const collect::Totals> shown_totals_;  // null: they may have changed since
  attach::ServiceBits service_bits_;
};

}  // namespace units
