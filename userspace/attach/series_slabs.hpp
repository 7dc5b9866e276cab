// Memory per CPU for the series of a probe, in slabs of a fixed number of slots: made as slots come into use,
// so that it grows with the series that there are and not with those that there may be. A slot counts in
// `values`, for all CPUs together, until its slab is there; its number is the sum of both.
#pragma once

#include <cstddef>
#include <cstdint>

#include "attach/attached_binary.hpp"
#include "attach/pin_folder.hpp"
#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace attach {

// How many slabs cover all slots of a probe.
[[nodiscard]] std::uint32_t slabs_of(std::uint32_t series_limit);

// A slab of a probe whose series have `words` u64s, zeroed.
[[nodiscard]] base::Result<base::UniqueFd> create_slab(std::uint32_t series_limit, std::uint32_t words);

// How many slabs the slots that are in use need, and some ahead.
[[nodiscard]] base::Result<std::size_t> wanted_slabs(const ProbeMaps& maps);

// The slab behind `made_slabs`, pinned among the probe's `counts` so that the next exporter finds it. It
// counts nothing before it is in `made_slabs`, where readers see it, and open_slabs() is called. Error: no
// memory, or only the last descriptors are left, which scrapes need.
[[nodiscard]] base::Result<base::UniqueFd> make_slab(const PinFolder& counts, const ProbeMaps& maps,
                                                     std::uint32_t words);

// Shows the kernel all of `made_slabs`; an exporter that was killed may have left some that it had not shown.
// Waits until programs that are running have ended.
[[nodiscard]] base::Result<> open_slabs(const ProbeMaps& maps);

// Appends the slabs that another exporter has pinned.
void find_slabs(const PinFolder& counts, ProbeMaps& maps);

// Removes pins of slabs that are none of `made_slabs`: what an exporter that was killed has left of a probe
// before.
void unpin_other_slabs(const PinFolder& counts, const ProbeMaps& maps);

}  // namespace attach
