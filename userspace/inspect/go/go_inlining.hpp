// Which functions the compiler copied into which others: FUNCDATA_InlTree, in stripped binaries too. A probe
// on a function does not see calls to its copies.
#pragma once

#include <cstdint>
#include <vector>

#include "base/byte_reader.hpp"
#include "inspect/elf/elf_image.hpp"
#include "inspect/go/go_function_table.hpp"

namespace inspect {

// Offsets from a function's entry.
struct CodeRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  bool operator==(const CodeRange&) const = default;
};

// One call that became a copy of the callee's body. A body of which the compiler left no instruction is not
// known.
struct InlinedCall {
  std::uint32_t name = 0;       // of the callee, an offset into the name table
  std::uint64_t mark = 0;       // offset of an instruction that stands for the call
  std::vector<CodeRange> body;  // what was inlined into the body in its turn is part of it
};

class GoInlining {
 public:
  // `func_data` is moduledata.gofunc. Both arguments must outlive this object.
  GoInlining(const ElfImage& image, const GoFunctionTable& functions, VirtualAddress func_data);

  // The functions inlined into `caller`, each once, as offsets into the name table in rising order.
  [[nodiscard]] std::vector<std::uint32_t> callees(const FunctionRecord& caller) const;

  // Every call inlined into `caller`.
  [[nodiscard]] std::vector<InlinedCall> calls(const FunctionRecord& caller) const;

 private:
  const GoFunctionTable* functions_;  // the caller's
  base::ByteView func_data_;
};

}  // namespace inspect
