// Tiny ELF files: segments without sections.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace support {

class ElfBuilder {
 public:
  ElfBuilder& code(std::uint64_t address, std::string_view bytes) {
    return segment(address, bytes, bytes.size(), PF_R | PF_X);
  }

  // `memory_size` beyond the bytes is zeros that the file does not hold.
  ElfBuilder& data(std::uint64_t address, std::string_view bytes, std::uint64_t memory_size) {
    return segment(address, bytes, memory_size, PF_R | PF_W);
  }

  [[nodiscard]] std::vector<std::byte> build() const {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof(header);
    header.e_ehsize = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = static_cast<Elf64_Half>(segments_.size());
    std::string file(reinterpret_cast<const char*>(&header), sizeof(header));
    std::uint64_t offset = sizeof(header) + segments_.size() * sizeof(Elf64_Phdr);
    for (const Segment& segment : segments_) {
      Elf64_Phdr entry = segment.header;
      entry.p_offset = offset;
      offset += segment.bytes.size();
      file.append(reinterpret_cast<const char*>(&entry), sizeof(entry));
    }
    for (const Segment& segment : segments_) {
      file += segment.bytes;
    }
    std::vector<std::byte> bytes(file.size());
    std::memcpy(bytes.data(), file.data(), file.size());
    return bytes;
  }

 private:
  struct Segment {
    Elf64_Phdr header;
    std::string bytes;
  };

  ElfBuilder& segment(std::uint64_t address, std::string_view bytes, std::uint64_t memory_size,
                      Elf64_Word flags) {
    Elf64_Phdr header{};
    header.p_type = PT_LOAD;
    header.p_flags = flags;
    header.p_vaddr = address;
    header.p_filesz = bytes.size();
    header.p_memsz = memory_size;
    segments_.push_back({header, std::string(bytes)});
    return *this;
  }

  std::vector<Segment> segments_;
};

}  // namespace support
