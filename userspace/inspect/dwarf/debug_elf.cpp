#include "inspect/dwarf/debug_elf.hpp"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace inspect {
namespace {

using base::ByteView;

// After inflating. Kubernetes' largest programs have about 150 MB.
constexpr std::uint64_t kMaxBytes = 512ULL * 1024 * 1024;

// Without the prefix ".debug_" or ".zdebug_" (GNU compression, Go up to 1.18).
constexpr std::array<std::string_view, 9> kNeeded = {"info",     "abbrev", "str",   "line_str",   "addr",
                                                     "rnglists", "ranges", "types", "str_offsets"};

bool is_needed(std::string_view name) {
  for (const std::string_view prefix : {std::string_view(".debug_"), std::string_view(".zdebug_")}) {
    if (name.starts_with(prefix)) {
      return std::ranges::find(kNeeded, name.substr(prefix.size())) != kNeeded.end();
    }
  }
  return false;
}

std::uint64_t inflated_size(const Section& section, ByteView contents) {
  if ((section.flags & SHF_COMPRESSED) != 0) {
    return contents.at<std::uint64_t>(8).value_or(0);  // Elf64_Chdr::ch_size
  }
  if (section.name.starts_with(".z") && contents.first(4).text() == "ZLIB") {
    std::uint64_t size = 0;  // big-endian
    for (std::uint64_t at = 4; at < 12; ++at) {
      size = (size << 8U) | contents.at<std::uint8_t>(at).value_or(0);
    }
    return size;
  }
  return contents.size();
}

class SmallElf {
 public:
  SmallElf() {
    append_header();
    add_section("", SHT_NULL, 0, {});
  }

  void add_debug_section(const Section& section, ByteView contents) {
    add_section(section.name, SHT_PROGBITS, section.flags & SHF_COMPRESSED, contents.bytes());
  }

  std::vector<std::byte> finish() {
    const std::string names =
        names_ + ".shstrtab" + '\0';  // as it is once add_section has added the last one
    add_section(".shstrtab", SHT_STRTAB, 0, std::as_bytes(std::span(names)));
    align();
    header_.e_shoff = bytes_.size();
    header_.e_shnum = static_cast<Elf64_Half>(sections_.size());
    header_.e_shstrndx = static_cast<Elf64_Half>(sections_.size() - 1);
    append(std::as_bytes(std::span(sections_)));
    std::memcpy(bytes_.data(), &header_, sizeof(header_));
    return std::move(bytes_);
  }

 private:
  void append_header() {
    header_.e_ident[EI_MAG0] = ELFMAG0;
    header_.e_ident[EI_MAG1] = ELFMAG1;
    header_.e_ident[EI_MAG2] = ELFMAG2;
    header_.e_ident[EI_MAG3] = ELFMAG3;
    header_.e_ident[EI_CLASS] = ELFCLASS64;
    header_.e_ident[EI_DATA] = ELFDATA2LSB;
    header_.e_ident[EI_VERSION] = EV_CURRENT;
    header_.e_type = ET_EXEC;
    header_.e_machine = EM_X86_64;
    header_.e_version = EV_CURRENT;
    header_.e_ehsize = sizeof(Elf64_Ehdr);
    header_.e_shentsize = sizeof(Elf64_Shdr);
    append(std::as_bytes(std::span(&header_, 1)));
  }

  void add_section(std::string_view name, Elf64_Word type, Elf64_Xword flags,
                   std::span<const std::byte> contents) {
    align();
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names_.size());
    header.sh_type = type;
    header.sh_flags = flags;
    header.sh_offset = bytes_.size();
    header.sh_size = contents.size();
    header.sh_addralign = 1;
    names_ += name;
    names_ += '\0';
    sections_.push_back(header);
    append(contents);
  }

  void align() { bytes_.resize((bytes_.size() + 7) / 8 * 8); }

  void append(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> sections_;
  std::string names_;
  std::vector<std::byte> bytes_;
};

}  // namespace

std::vector<std::byte> copy_debug_sections(const ElfImage& image) {
  SmallElf copy;
  std::uint64_t total = 0;
  for (const Section& section : image.sections()) {
    const ByteView contents = image.contents(section);
    if (!is_needed(section.name) || contents.empty()) {
      continue;
    }
    total += std::min(inflated_size(section, contents), kMaxBytes);
    if (total >= kMaxBytes) {
      return {};
    }
    copy.add_debug_section(section, contents);
  }
  return total == 0 ? std::vector<std::byte>() : copy.finish();
}

}  // namespace inspect
