// The stage's façade: the bytes of an ELF file -> BinaryFacts.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "inspect/binary_facts.hpp"

namespace inspect {

// Says for which functions BinaryFacts::details are to be found.
using IsWanted = std::function<bool(std::string_view function_name)>;

// Whatever the bytes are, this ends soon and without a crash. kUnsupported: a file that cannot be probed, and
// why; kCorruptBinary: a damaged one.
[[nodiscard]] base::Result<BinaryFacts> inspect_binary(std::span<const std::byte> file,
                                                       const IsWanted& is_wanted);

}  // namespace inspect
