// Programs and parts of programs that are not Go (C, C++, Rust): functions from the symbol table.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "inspect/binary_facts.hpp"
#include "inspect/code/instruction_sites.hpp"
#include "inspect/elf/elf_image.hpp"
#include "inspect/inspect_binary.hpp"

namespace inspect {

// Adds to `facts`, which has what the file itself tells.
base::Result<> read_native_program(const ElfImage& image, const IsWanted& is_wanted, BinaryFacts& facts);

// Adds the symbol table's functions that begin where no function of `functions` lies, and keeps all sorted by
// entry.
void add_native_functions(const ElfImage& image, std::vector<Function>& functions);

// `functions` has all of the file's; `function` is one of them.
void read_native_details(const ElfImage& image, const std::vector<Function>& functions,
                         const Function& function, const SiteFinder& finder, FunctionDetails& details);

}  // namespace inspect
