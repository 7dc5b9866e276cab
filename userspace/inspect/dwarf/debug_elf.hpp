// The debug sections of a file as a small ELF file in memory.
#pragma once

#include <cstddef>
#include <vector>

#include "inspect/elf/elf_image.hpp"

namespace inspect {

// Only the sections that signatures need, so that libdw inflates no others, under headers of our own making.
// A copy, because libelf writes into the section headers of a compressed section. Empty when there is nothing
// to read, or more than a real file would have.
[[nodiscard]] std::vector<std::byte> copy_debug_sections(const ElfImage& image);

}  // namespace inspect
