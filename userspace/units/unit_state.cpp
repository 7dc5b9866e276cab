#include "units/unit_state.hpp"

#include <algorithm>
#include <array>

namespace units {
namespace {

using enum UnitState;
using enum UnitEvent;

constexpr std::array kTransitions{
    Transition{kFound, kPlanned, kInspected, "programs and maps are in the kernel, the gate is shut"},
    Transition{kFound, kRefused, kGone,
               "nothing is attached; tried again with another file or configuration"},
    Transition{kInspected, kOpened, kAttached, "calls are counted from here on"},
    Transition{kInspected, kRefused, kGone, "what was loaded is removed, its numbers are given back"},
    Transition{kAttached, kWriterWaits, kSuspended, "breakpoints go, then the lease; counts stay"},
    Transition{kAttached, kReplaced, kRetiring,
               "breakpoints go; probes that did not change count on in the later one"},
    Transition{kAttached, kLeftOut, kRetiring, "breakpoints go; counts stay until they are folded"},
    Transition{kAttached, kAbandoned, kRetiring, "breakpoints go with the lease"},
    Transition{kAttached, kSuccessorCounts, kSuperseded,
               "breakpoints go; the other exporter counts in the same maps"},
    Transition{kSuspended, kReattached, kAttached, "calls are counted again, into the same maps"},
    Transition{kSuspended, kReplaced, kRetiring, "probes that did not change count on in the later one"},
    Transition{kSuspended, kLeftOut, kRetiring, "counts stay until they are folded"},
    Transition{kSuspended, kAbandoned, kRetiring, "counts stay until they are folded"},
    Transition{kSuspended, kSuccessorCounts, kSuperseded, "the other exporter counts in the same maps"},
    Transition{kSuperseded, kSuccessorGone, kSuspended, "nobody counts until it is attached again"},
    Transition{kRetiring, kFolded, kGone, "maps, pins and numbers are given back"},
};

}  // namespace

std::span<const Transition> transitions() {
  return kTransitions;
}

std::optional<UnitState> next_state(UnitState from, UnitEvent event) {
  const auto found = std::ranges::find_if(kTransitions, [&](const Transition& transition) {
    return transition.from == from && transition.event == event;
  });
  return found == kTransitions.end() ? std::nullopt : std::optional(found->to);
}

std::string_view name_of(UnitState state) {
  constexpr std::array<std::string_view, 7> kNames{"found",      "inspected", "attached", "suspended",
                                                   "superseded", "retiring",  "gone"};
  return kNames.at(static_cast<std::size_t>(state));
}

std::string_view name_of(UnitEvent event) {
  constexpr std::array<std::string_view, 11> kNames{
      "planned",  "refused",   "opened",           "writer waits",   "reattached", "replaced",
      "left out", "abandoned", "successor counts", "successor gone", "folded"};
  return kNames.at(static_cast<std::size_t>(event));
}

}  // namespace units
