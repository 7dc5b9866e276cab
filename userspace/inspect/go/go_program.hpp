// A Go program's functions, types and probe sites.
#pragma once

#include "base/error.hpp"
#include "inspect/binary_facts.hpp"
#include "inspect/elf/elf_image.hpp"
#include "inspect/go/go_function_table.hpp"
#include "inspect/inspect_binary.hpp"

namespace inspect {

// Adds to `facts`, which has what the file itself tells.
base::Result<> read_go_program(const ElfImage& image, const GoFunctionTable& table, const Wanted& wanted,
                               BinaryFacts& facts);

}  // namespace inspect
