// Raw contents of the maps of one binary: bytes and numbers, not yet labels and metrics.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "abi/maps.h"
#include "attach/attached_binary.hpp"
#include "attach/shared_maps.hpp"
#include "base/error.hpp"

namespace collect {

// One series of a probe in one process.
struct RawSeries {
  std::uint32_t process = 0;
  std::uint16_t function = 0;
  bool overflow = false;             // the series that took what had no room: no process, no values
  std::vector<std::byte> values;     // label values
  std::vector<std::uint64_t> slots;  // summed over `parts`
  std::vector<std::uint64_t> parts;  // what all CPUs share, then CPU after CPU: for what cannot be summed
};

// A call that is running.
struct RawFrame {
  std::uint16_t probe = 0;  // exporter-wide number
  std::uint32_t process = 0;
  std::uint16_t function = 0;
  std::uint64_t goroutine = 0;
  std::uint32_t depth = 0;
  std::uint32_t index = 0;     // in its goroutine's record
  std::uint64_t start_ns = 0;  // START_UNKNOWN: it was running before the probe was attached
  std::vector<std::byte> values;
};

// The same call, as the program end_call wants to be told of it.
[[nodiscard]] ended_call ended_call_of(const RawFrame& frame);

// An object of a +1/-1 pair, a polled object, or a label learnt of a process.
struct RawObject {
  std::uint32_t process = 0;
  std::uint32_t object = 0;
  std::uint64_t address = 0;
  std::vector<std::byte> values;
};

// Calls that ended by a panic or Goexit and whose probe looks at that.
struct RawUnwound {
  std::uint16_t probe = 0;
  std::uint32_t process = 0;
  std::uint16_t function = 0;
  std::uint64_t count = 0;
  std::vector<std::byte> values;
};

[[nodiscard]] base::Result<std::vector<RawSeries>> read_series(const attach::AttachedProbe& probe,
                                                               const plan::PlannedProbe& planned);
[[nodiscard]] base::Result<std::vector<RawFrame>> read_frames(const attach::CountedBinary& binary);
// Of some goroutines of one process.
[[nodiscard]] std::vector<RawFrame> read_frames_of(const attach::CountedBinary& binary, std::uint32_t process,
                                                   std::span<const std::uint64_t> goroutines);
[[nodiscard]] base::Result<std::vector<RawObject>> read_objects(const attach::CountedBinary& binary);
[[nodiscard]] base::Result<std::vector<RawUnwound>> read_unwound(const attach::CountedBinary& binary);

// Indexed as abi/maps.h says: hits by probe * 2 + (1 at return), losses by probe * LOSS_REASONS + reason.
[[nodiscard]] base::Result<std::vector<std::uint64_t>> read_hits(const attach::SharedMaps& maps);
[[nodiscard]] base::Result<std::vector<std::uint64_t>> read_losses(const attach::SharedMaps& maps);

}  // namespace collect
