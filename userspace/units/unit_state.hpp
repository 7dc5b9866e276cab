// The life of a unit: one service's probes in one binary.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace units {

enum class UnitState : std::uint8_t {
  kFound,       // a process of the service runs the binary; nothing is known of the file
  kInspected,   // planned and loaded: the programs are in the kernel, the gate is shut, nothing counts
  kAttached,    // breakpoints are there and count
  kSuspended,   // no breakpoints: the file is about to be overwritten, or an earlier exporter has left the
                // counts
  kSuperseded,  // another exporter counts in the same maps
  kRetiring,    // nobody will hit it any more: its counts go to the totals as soon as all of them can be told
  kGone,        // its counts are in the totals, its maps and pins are removed
};

enum class UnitEvent : std::uint8_t {
  kPlanned,          // inspecting, planning and loading went well
  kRefused,          // the binary cannot be probed, or the kernel attaches nothing
  kOpened,           // links are made and the gate is open
  kWriterWaits,      // somebody wants to overwrite the file (lease)
  kReattached,       // a process runs the file again, and it was attached anew
  kReplaced,         // a later generation has taken over what did not change (configuration)
  kLeftOut,          // the configuration has the service no more
  kAbandoned,        // no process runs the binary any more, and none will: unlinked, without breakpoints, or
                     // its file holds another program now
  kSuccessorCounts,  // the probes of another exporter count
  kSuccessorGone,    // and that exporter has ended
  kFolded,           // all counts are in the totals
};

struct Transition {
  UnitState from;
  UnitEvent event;
  UnitState to;
  std::string_view effect;  // on breakpoints and counts, for docs and messages
};

// The whole table; docs/architecture.md shows it.
[[nodiscard]] std::span<const Transition> transitions();

// None: the event does not concern a unit in this state.
[[nodiscard]] std::optional<UnitState> next_state(UnitState from, UnitEvent event);

[[nodiscard]] std::string_view name_of(UnitState state);
[[nodiscard]] std::string_view name_of(UnitEvent event);

}  // namespace units
