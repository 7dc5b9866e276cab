// runtime.moduledata of a Go program: where code, types and function data begin. It has no name in a stripped
// file; it is the one structure that begins with a pointer to the function table.
#pragma once

#include <cstdint>

#include "base/error.hpp"
#include "inspect/elf/elf_image.hpp"
#include "inspect/go/go_function_table.hpp"

namespace inspect {

// `count` words or offsets from `address` on.
struct GoSlice {
  VirtualAddress address{};
  std::uint64_t count = 0;
};

struct GoModuleData {
  VirtualAddress address{};
  VirtualAddress text{};
  VirtualAddress end_of_text{};
  VirtualAddress data{};  // variables with pointers in them
  VirtualAddress end_of_data{};

  // All below is zero where no known layout fits.
  bool has_types = false;
  VirtualAddress types{};
  VirtualAddress end_of_types{};
  VirtualAddress func_data{};          // moduledata.gofunc
  GoSlice type_links;                  // i32 offsets from `types`; up to Go 1.26
  GoSlice itab_links;                  // itab addresses; up to Go 1.26
  std::uint64_t descriptors_size = 0;  // from Go 1.27 on: the descriptors of type_links lie at `types`, ...
  VirtualAddress itabs{};              // ... and the itabs lie one after another
  std::uint64_t itabs_size = 0;

  static base::Result<GoModuleData> find(const ElfImage& image, const GoFunctionTable& functions);
};

}  // namespace inspect
