// Unwinding of Go stacks without frame pointers or DWARF: for an instruction, whose code it is and how far
// its function has moved the stack pointer (runtime/traceback.go does the same with the same table).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.hpp"
#include "inspect/elf/elf_image.hpp"
#include "inspect/go/go_function_table.hpp"

namespace inspect {

// An instruction of a Go function.
struct CodePlace {
  VirtualAddress entry{};  // of its function
  std::uint32_t stack_delta =
      0;                // SP at the function's entry, where it points to the return address, less SP here
  bool is_top = false;  // the outermost function of a stack: nobody called it
  bool was_injected = false;  // called as if by the interrupted instruction, not by the one before it
  bool is_followable = true;  // false: it moves the stack pointer by hand, so its caller cannot be found

  bool operator==(const CodePlace&) const = default;
};

class GoUnwind {
 public:
  // `file` must outlive the result. Errors as GoFunctionTable::find() and GoModuleData::find() have them.
  static base::Result<GoUnwind> read(std::span<const std::byte> file);

  // Absent: no Go code is there, or the table does not tell its stack delta. An address as the linker wrote
  // it.
  [[nodiscard]] std::optional<CodePlace> at(VirtualAddress instruction) const;

 private:
  GoUnwind(GoFunctionTable table, VirtualAddress text) : table_(std::move(table)), text_(text) {}

  GoFunctionTable table_;
  VirtualAddress text_;
};

}  // namespace inspect
