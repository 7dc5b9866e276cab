// Journals of folds (abi/maps.h): read when an exporter starts, of one that may have been killed, or of
// anybody who put another map in that place.
#pragma once

#include <cstddef>
#include <span>

#include "base/error.hpp"

namespace collect {

// The only element of the map `journal`, which has `bytes.size()` bytes. kUnsupported: it has not.
[[nodiscard]] base::Result<> read_journal(int journal, std::span<std::byte> bytes);

}  // namespace collect
