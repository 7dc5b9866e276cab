// What one exporter leaves of an AttachedBinary for the next: its maps, and how to read them. A folder of
// pins for each, named by its gate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "attach/attached_binary.hpp"
#include "attach/pin_folder.hpp"
#include "base/error.hpp"

namespace attach {

// "unit_7" of gate 7.
[[nodiscard]] std::string unit_name(const AttachedBinary& binary);

// Tells a probe's counts from all others since the machine was started: the kernel's id of the map of its
// series. 0: it has none.
[[nodiscard]] std::uint32_t counts_id(const AttachedProbe& probe);

// Where the maps of one of its probes are pinned.
[[nodiscard]] PinFolder pinned_counts(const PinFolder& units, const AttachedBinary& binary,
                                      const AttachedProbe& probe);

// Pins the maps of all probes and the description of this generation; earlier generations stay.
[[nodiscard]] base::Result<> pin_binary(const PinFolder& units, const AttachedBinary& binary);

// Writes the description of this generation anew: since when its probes are attached has changed.
[[nodiscard]] base::Result<> describe_again(const PinFolder& units, const AttachedBinary& binary);

// The generations of all units, without programs and links; of each unit the latest first. Of an earlier one
// only the probes whose counts no later one continues. `problems` takes those that cannot be read, by name;
// they are removed.
[[nodiscard]] std::vector<AttachedBinary> load_pinned(const PinFolder& units,
                                                      std::vector<std::string>& problems);

// Forgets all generations but these, with the maps that none of them has.
void unpin_others(const PinFolder& units, const std::vector<const AttachedBinary*>& kept);

// Forgets the counts of all probes of one generation, or, where it is the last of its unit, the whole unit.
void unpin(const PinFolder& units, const AttachedBinary& binary, bool whole_unit);

}  // namespace attach
