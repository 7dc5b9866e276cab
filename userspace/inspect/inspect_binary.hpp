// The stage's façade: the bytes of an ELF file -> BinaryFacts.
#pragma once

#include <cstddef>
#include <span>

#include "base/error.hpp"
#include "inspect/binary_facts.hpp"
#include "inspect/wanted.hpp"

namespace inspect {

// Whatever the bytes are, this ends soon and without a crash. kUnsupported: a file that cannot be probed, and
// why; kCorruptBinary: a damaged one.
[[nodiscard]] base::Result<BinaryFacts> inspect_binary(std::span<const std::byte> file, const Wanted& wanted);

}  // namespace inspect
