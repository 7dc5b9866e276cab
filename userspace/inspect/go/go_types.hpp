// Go's types as the program's own runtime metadata describes them; a stripped binary keeps all of it. Layouts
// from internal/abi/type.go (runtime/type.go before 1.21), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <map>

#include "base/error.hpp"
#include "inspect/elf/elf_image.hpp"
#include "inspect/go/go_module_data.hpp"
#include "inspect/type_table.hpp"

namespace inspect {

struct GoTypes {
  TypeTable table;
  std::map<std::uint64_t, TypeId> itab_types;  // itab address -> concrete type
};

// `may_shift_offsets`: Go 1.18 (and no other) stores field offsets shifted left by one bit; its function
// table looks like 1.19's. True where the table's version allows both; the offsets themselves then tell.
[[nodiscard]] GoTypes read_go_types(const ElfImage& image, const GoModuleData& module,
                                    bool may_shift_offsets);

}  // namespace inspect
