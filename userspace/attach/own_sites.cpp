#include "attach/own_sites.hpp"

#include <link.h>

#include <cstdint>
#include <vector>

namespace attach {
namespace {

// Where the file of this program is in memory.
struct Loaded {
  std::uint64_t bias = 0;
  std::vector<ElfW(Phdr)> segments;
};

Loaded loaded_program() {
  Loaded loaded;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto* out = static_cast<Loaded*>(data);
        out->bias = info->dlpi_addr;
        out->segments.assign(info->dlpi_phdr, info->dlpi_phdr + info->dlpi_phnum);
        return 1;  // the first is the program itself
      },
      &loaded);
  return loaded;
}

}  // namespace

base::Result<plan::Site> own_site(const void* instruction) {
  const Loaded loaded = loaded_program();
  const std::uint64_t address = reinterpret_cast<std::uint64_t>(instruction) - loaded.bias;
  for (const auto& segment : loaded.segments) {
    if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
        address - segment.p_vaddr < segment.p_filesz) {
      return plan::Site{
          .address = static_cast<inspect::VirtualAddress>(address),
          .offset = static_cast<inspect::FileOffset>(address - segment.p_vaddr + segment.p_offset)};
    }
  }
  return base::fail(base::ErrorCode::kNotFound, "no segment of this program holds the function to probe");
}

}  // namespace attach
