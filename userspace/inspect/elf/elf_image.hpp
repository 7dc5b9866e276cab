// A 64-bit little-endian ELF file, read without trusting a byte of it: segments, sections, symbols, and words
// of memory as they are once the loader has applied relative relocations (with a load bias of 0).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_reader.hpp"
#include "base/error.hpp"
#include "inspect/binary_facts.hpp"

namespace inspect {

struct Section {
  std::string_view name;
  std::uint32_t type = 0;
  std::uint64_t flags = 0;
  VirtualAddress address{};
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint32_t link = 0;
};

struct Symbol {
  std::string_view name;
  VirtualAddress address{};
  std::uint64_t size = 0;
  bool is_function = false;
};

class ElfImage {
 public:
  // `file` must outlive the image, and so everything that it hands out.
  static base::Result<ElfImage> parse(std::span<const std::byte> file);

  [[nodiscard]] std::span<const std::byte> file() const { return file_.bytes(); }

  // How many bytes the file has at least, by its headers: to the end of each loadable segment and of the
  // section table. A file that has less was cut short.
  [[nodiscard]] std::uint64_t declared_size() const { return declared_size_; }

  [[nodiscard]] Architecture architecture() const { return architecture_; }

  [[nodiscard]] bool position_independent() const { return position_independent_; }

  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }

  [[nodiscard]] const std::vector<Section>& sections() const { return sections_; }

  [[nodiscard]] const Section* section(std::string_view name) const;
  [[nodiscard]] bool is_executable(VirtualAddress address) const;
  // GNU build id in hex, else Go's build id, else "".
  [[nodiscard]] std::string build_id() const;
  // Defined symbols of .symtab; of .dynsym where that is missing.
  [[nodiscard]] std::vector<Symbol> symbols() const;

  [[nodiscard]] bool has_symbol_table() const { return section(".symtab") != nullptr; }

  // The file's bytes of a section; empty for .bss and for sections that lie about their size.
  [[nodiscard]] base::ByteView contents(const Section& section) const;
  // The file's bytes from `address` to the end of its segment; empty where nothing is mapped.
  [[nodiscard]] base::ByteView bytes_at(VirtualAddress address) const;
  // The word in memory at `address`, relocated.
  [[nodiscard]] std::optional<std::uint64_t> pointer_at(VirtualAddress address) const;
  // Where relocations put the value `target`, in address order.
  [[nodiscard]] std::vector<VirtualAddress> relocated_to(VirtualAddress target) const;

 private:
  struct Relocation {
    std::uint64_t address;
    std::uint64_t value;
  };

  explicit ElfImage(std::span<const std::byte> file) : file_(file) {}

  base::Result<> read_header();
  base::Result<> read_segments(std::uint64_t table_offset, std::uint16_t entry_size, std::uint16_t count);
  void read_sections(std::uint64_t table_offset, std::uint16_t entry_size, std::uint64_t count,
                     std::uint64_t name_index);
  void read_relocations();
  [[nodiscard]] std::string build_id_in(base::ByteView notes) const;
  void declare(std::uint64_t offset, std::uint64_t size);

  base::ByteView file_;
  std::uint64_t declared_size_ = 0;
  Architecture architecture_ = Architecture::kAmd64;
  bool position_independent_ = false;
  std::vector<Segment> segments_;
  std::vector<base::ByteView> notes_;
  base::ByteView dynamic_;
  std::vector<Section> sections_;
  std::vector<Relocation> relocations_;  // by address
};

}  // namespace inspect
