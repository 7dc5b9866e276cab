// The end of a process in the maps: what it counted goes to the service's total, the rest goes.
#pragma once

#include <cstdint>

#include "attach/attached_binary.hpp"
#include "base/error.hpp"

namespace collect {

// Deletes the calls in flight and the objects of a process that is gone. Labels learnt of it stay until it is
// folded.
[[nodiscard]] base::Result<> forget_calls(const attach::CountedBinary& binary, std::uint32_t process);

// Which probes to fold.
enum class Fold { kWithoutProcessLabels, kAll };

// Moves the series of a process that is gone into those of FOLDED_PROCESS, and frees their slots. Sums stay
// equal at every step that a scrape can see: scrapes and folds take turns.
[[nodiscard]] base::Result<> fold_process(const attach::CountedBinary& binary, std::uint32_t process,
                                          Fold which);

// Ends the folds that an exporter which was killed had begun, so that nothing is counted twice or lost.
// Before anything else is done to maps that were pinned.
[[nodiscard]] base::Result<> resume_folds(const attach::CountedBinary& binary);

// Deletes what a process counted that turned out to belong to no service, once it is gone.
[[nodiscard]] base::Result<> discard_process(const attach::CountedBinary& binary, std::uint32_t process);

}  // namespace collect
