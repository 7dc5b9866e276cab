// FUNCDATA_ArgInfo: where the leading words of a function's arguments would be spilled.
#pragma once

#include <vector>

#include "base/byte_reader.hpp"
#include "inspect/binary_facts.hpp"

namespace inspect {

// Stops at the first word that the compiler left out ("...", or an offset too large). The first argument of a
// function whose name has type arguments is not listed: the compiler takes it for the dictionary.
[[nodiscard]] std::vector<ArgumentWord> parse_argument_words(base::ByteView argument_info);

}  // namespace inspect
