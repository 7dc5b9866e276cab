// Gives the series of all probes memory per CPU as they come into use (attach/series_slabs).
#pragma once

#include <cstdint>
#include <functional>

#include "attach/pin_folder.hpp"
#include "base/log.hpp"
#include "units/attachments.hpp"

namespace units {

class SeriesMemory {
 public:
  // `log` outlives the result.
  explicit SeriesMemory(base::Logger& log) : log_(&log) {}

  // Makes what is missing; calls `show` when readers must see a slab, before the kernel counts in it. Where
  // there is no memory, nothing is lost: the next call tries again.
  void grow(Attachments& attachments, const attach::PinFolder& units, const std::function<void()>& show);

  // Sees what another exporter has made.
  static void follow(Attachments& attachments, const attach::PinFolder& units);

  // Times that there was no memory.
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  base::Result<> grow(attach::AttachedBinary& binary, std::size_t probe, const attach::PinFolder& units,
                      const std::function<void()>& show);

  base::Logger* log_;
  bool is_short_ = false;
  std::uint64_t failures_ = 0;
};

}  // namespace units
