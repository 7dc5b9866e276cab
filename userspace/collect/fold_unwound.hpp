// Calls that ended by a panic, of a process that is gone: added to the total.
#pragma once

#include <cstdint>

#include "attach/attached_binary.hpp"
#include "base/error.hpp"

namespace collect {

// `probe` is exporter-wide.
[[nodiscard]] base::Result<> fold_unwound(const attach::CountedBinary& binary, std::uint16_t probe,
                                          std::uint32_t process);

// Ends the fold that an exporter which was killed had begun.
[[nodiscard]] base::Result<> resume_unwound(const attach::CountedBinary& binary);

}  // namespace collect
