// Code whose bytes a program compares with a sum at its start. A breakpoint is a changed byte: with one in
// the file's code before the check, the program would end itself.
#pragma once

#include <vector>

#include "inspect/binary_facts.hpp"
#include "inspect/elf/elf_image.hpp"

namespace inspect {

// Of Go's FIPS 140 module (Go 1.24 and later: crypto/internal/fips140/check), which hashes itself when
// GODEBUG=fips140=on or GOFIPS140 says so. The linker writes the addresses into go:fipsinfo
// (cmd/link/internal/ld/fips.go), in stripped programs too. Empty where a program has no such code.
[[nodiscard]] std::vector<AddressRange> find_self_checked_code(const ElfImage& image);

}  // namespace inspect
