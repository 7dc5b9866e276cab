// Userspace's hand in the records of calls in flight, beside the goroutines that write them: calls that were
// running before the probes came are put in, calls that ended unseen are ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "abi/maps.h"
#include "attach/attached_binary.hpp"
#include "attach/process_watch.hpp"
#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace attach {

// A call whose begin was not seen.
struct LateCall {
  std::uint16_t probe = 0;  // exporter-wide number
  std::uint16_t function = 0;
  std::uint32_t depth = 0;
};

class CallRecords {
 public:
  // `binary` outlives the result.
  static base::Result<CallRecords> open(const CountedBinary& binary, const SharedMaps& shared);

  // Makes the record of a goroutine that has none, of calls in order of their depth. False: it has one (or
  // there is no room), which only the goroutine itself can add to.
  [[nodiscard]] bool insert(std::uint32_t process, std::uint64_t goroutine,
                            std::span<const LateCall> calls) const;

  // False: the goroutine has gone on meanwhile, the call is not what it was.
  [[nodiscard]] bool end(const ended_call& call) const;

  // Forgets a goroutine that is gone: its id is never used again.
  void forget(std::uint32_t process, std::uint64_t goroutine) const;

 private:
  explicit CallRecords(const CountedBinary& binary) : binary_(&binary) {}

  [[nodiscard]] bool spill(const spilled_key& key, const std::vector<std::byte>& bytes) const;
  [[nodiscard]] std::vector<std::byte> frame_of(std::uint32_t process, const LateCall& call) const;

  const CountedBinary* binary_;  // the attachment's
  base::UniqueFd end_call_;
};

// Calls that began before a time in which nobody watched: when, and whether they still run, is not known any
// more. Only while no program of the binary is attached.
[[nodiscard]] base::Result<> forget_starts(const CountedBinary& binary);

}  // namespace attach
