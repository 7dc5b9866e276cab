// Gives the series of all probes memory per CPU as they come into use (attach/series_slabs).
#pragma once

#include <cstdint>
#include <mutex>

#include "attach/pin_folder.hpp"
#include "base/log.hpp"
#include "units/attachments.hpp"

namespace units {

class SeriesMemory {
 public:
  // `log` outlives the result.
  explicit SeriesMemory(base::Logger& log) : log_(&log) {}

  // Makes what is missing. Only the thread that changes the attachments may call it; `mutex` guards what it
  // shows others. Where there is no memory, nothing is lost: the next call tries again.
  void grow(Attachments& attachments, const attach::PinFolder& units, std::mutex& mutex);

  // Sees what another exporter has made.
  static void follow(Attachments& attachments, const attach::PinFolder& units);

  // Times that there was no memory.
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  base::Result<> grow(attach::AttachedBinary& binary, std::size_t probe, const attach::PinFolder& units,
                      std::mutex& mutex);

  base::Logger* log_;
  bool is_short_ = false;
  std::uint64_t failures_ = 0;
};

}  // namespace units
