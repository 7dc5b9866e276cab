// Any bytes as an ELF file: every question that the readers ask of it must come back.
#include <cstddef>
#include <cstdint>
#include <span>

#include "inspect/elf/elf_image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Result<inspect::ElfImage> image =
      inspect::ElfImage::parse(std::as_bytes(std::span(data, size)));
  if (!image) {
    return 0;
  }
  static_cast<void>(image->build_id());
  for (const inspect::Section& section : image->sections()) {
    static_cast<void>(image->contents(section));
    static_cast<void>(image->pointer_at(section.address));
  }
  for (const inspect::Symbol& symbol : image->symbols()) {
    static_cast<void>(image->is_executable(symbol.address));
    static_cast<void>(image->relocated_to(symbol.address));
  }
  return 0;
}
