// The Go version and the modules a program was built from.
#pragma once

#include <string>
#include <vector>

#include "inspect/elf/elf_image.hpp"
#include "inspect/go/go_module_data.hpp"

namespace inspect {

struct GoBuildInfo {
  std::string version;          // "go1.25.4"; "" where nothing tells
  std::vector<Module> modules;  // the main module first
};

// From .go.buildinfo; where that is missing (some linkers' flags drop it), from the strings
// runtime.buildVersion and runtime.modinfo among the program's data.
[[nodiscard]] GoBuildInfo read_go_build_info(const ElfImage& image, const GoModuleData& module);

}  // namespace inspect
