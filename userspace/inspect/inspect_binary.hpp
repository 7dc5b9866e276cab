// The stage's façade: the bytes of an ELF file -> BinaryFacts.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/error.hpp"
#include "inspect/binary_facts.hpp"
#include "inspect/wanted.hpp"

namespace inspect {

// Whatever the bytes are, this ends soon and without a crash. kUnsupported: a file that cannot be probed, and
// why; kCorruptBinary: a damaged one.
[[nodiscard]] base::Result<BinaryFacts> inspect_binary(std::span<const std::byte> file, const Wanted& wanted);

// The same of the file at `path`, which nobody else should change meanwhile: a file that is cut short is an
// error.
[[nodiscard]] base::Result<BinaryFacts> inspect_file(const std::string& path, const Wanted& wanted);

}  // namespace inspect
