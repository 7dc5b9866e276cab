// Which functions the compiler copied into which others: FUNCDATA_InlTree, in stripped binaries too. A probe
// on a function does not see calls to its copies.
#pragma once

#include <cstdint>
#include <vector>

#include "base/byte_reader.hpp"
#include "inspect/elf_image.hpp"
#include "inspect/go_function_table.hpp"

namespace inspect {

class GoInlining {
 public:
  // `func_data` is moduledata.gofunc. Both arguments must outlive this object.
  GoInlining(const ElfImage& image, const GoFunctionTable& functions, VirtualAddress func_data);

  // The functions inlined into `caller`, each once, as offsets into the name table in rising order.
  [[nodiscard]] std::vector<std::uint32_t> callees(const FunctionRecord& caller) const;

 private:
  const GoFunctionTable* functions_;  // the caller's
  base::ByteView func_data_;
};

}  // namespace inspect
