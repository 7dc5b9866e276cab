// Go's own function table (pclntab), which every Go program carries, stripped or not: names, entries, and
// tables that give a value for each pc. Layouts from runtime/symtab.go and cmd/link/internal/ld/pcln.go,
// Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "inspect/code/pc_value.hpp"
#include "inspect/elf/elf_image.hpp"

namespace inspect {

// internal/abi/symtab.go
enum class FuncData : std::uint8_t { kInlineTree = 3, kArgumentInfo = 5 };
enum class PcData : std::uint8_t { kInlineTreeIndex = 2 };
inline constexpr std::uint8_t kTopFrameFlag = 1;
inline constexpr std::uint8_t kWritesSpFlag = 2;
inline constexpr std::uint8_t kAssemblyFlag = 4;

// The part of runtime._func that is used here. Offsets of code count from moduledata.text.
struct FunctionRecord {
  std::uint32_t entry_offset = 0;
  std::uint32_t size = 0;  // up to the next function, padding included
  std::uint32_t name_offset = 0;
  std::int32_t arguments_size = 0;
  std::uint32_t pcsp = 0;
  std::uint32_t pcfile = 0;
  std::uint32_t pcdata_count = 0;
  std::uint32_t unit_offset = 0;
  std::uint8_t func_id = 0;
  std::uint8_t flags = 0;
  std::uint8_t funcdata_count = 0;
  base::ByteView tables;  // pcdata offsets, then funcdata offsets
};

class GoFunctionTable {
 public:
  // kNotFound when the file has no table of any Go version; kUnsupported for versions before 1.18.
  static base::Result<GoFunctionTable> find(const ElfImage& image);

  [[nodiscard]] VirtualAddress address() const { return address_; }

  [[nodiscard]] VirtualAddress name_table_address() const;

  [[nodiscard]] std::uint64_t size() const { return records_.size(); }

  [[nodiscard]] const FunctionRecord& record(std::uint64_t index) const { return records_[index]; }

  // The function that begins at `entry_offset`; null where none does.
  [[nodiscard]] const FunctionRecord* record_at(std::uint64_t entry_offset) const;

  // The function whose code `offset` lies in; null where none is.
  [[nodiscard]] const FunctionRecord* record_containing(std::uint64_t offset) const;

  [[nodiscard]] std::uint64_t name_table_size() const { return names_.size(); }

  // Go 1.20 changed the magic, the inline tree, and where a generic method takes its dictionary.
  [[nodiscard]] bool since_go_1_20() const { return since_go_1_20_; }

  // As the linker escaped it; "" for an offset outside the table.
  [[nodiscard]] std::string_view name_at(std::uint32_t name_offset) const;
  // The source file at the function's entry.
  [[nodiscard]] std::string_view file_of(const FunctionRecord& record) const;

  // How far SP lies below its value at the entry, for each pc.
  [[nodiscard]] std::vector<PcValue> stack_deltas(const FunctionRecord& record) const;
  [[nodiscard]] std::vector<PcValue> pc_data(const FunctionRecord& record, PcData which) const;
  // From moduledata.gofunc; none where the function lacks it.
  [[nodiscard]] std::optional<std::uint32_t> func_data(const FunctionRecord& record, FuncData which) const;

 private:
  base::Result<> read(base::ByteView table);
  base::Result<> read_records(std::uint64_t count);
  [[nodiscard]] std::optional<FunctionRecord> read_record(std::uint32_t offset) const;
  [[nodiscard]] std::vector<PcValue> pc_values(std::uint32_t table_offset, std::uint32_t function_size) const;

  VirtualAddress address_{};
  bool since_go_1_20_ = false;
  std::uint64_t name_table_offset_ = 0;
  base::ByteView names_;
  base::ByteView units_;
  base::ByteView files_;
  base::ByteView pc_tables_;
  base::ByteView functions_;
  std::uint8_t pc_quantum_ = 1;
  std::vector<FunctionRecord> records_;
};

// The name as Go source has it: the linker writes "%2e" for a dot in the last element of a package path.
[[nodiscard]] std::string unescaped(std::string_view linker_name);

}  // namespace inspect
