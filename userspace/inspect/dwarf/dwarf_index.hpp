// Parameters and results with their names and types, for binaries that kept their DWARF.
#pragma once

#include "inspect/binary_facts.hpp"
#include "inspect/elf/elf_image.hpp"

namespace inspect {

// Fills in FunctionDetails::debug_signature for each function in `facts.details` that the debug information
// describes, and appends the types that these reach to `facts.types`. A Go type whose runtime descriptor is
// known keeps that entry. Damaged debug information ends early and adds nothing more.
void add_debug_signatures(const ElfImage& image, BinaryFacts& facts);

}  // namespace inspect
