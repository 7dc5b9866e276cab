#include "inspect/go/go_self_checked_code.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/byte_reader.hpp"

namespace inspect {
namespace {

// struct { magic [16]byte; sum [32]byte; self uintptr; sections [4]struct{ start, end uintptr } }
constexpr std::string_view kMagic("\xff Go fipsinfo \xff\x00", 16);
constexpr std::uint64_t kSelf = 48;
constexpr std::uint64_t kSections = 56;
constexpr std::uint64_t kSectionCount = 4;

std::uint64_t word_at(const ElfImage& image, std::uint64_t address) {
  return image.pointer_at(static_cast<VirtualAddress>(address)).value_or(0);
}

// The magic may be anywhere in a file; the true one is followed by its own address.
bool is_info(const ElfImage& image, VirtualAddress address) {
  return image.bytes_at(address).first(kMagic.size()).text() == kMagic &&
         word_at(image, value_of(address) + kSelf) == value_of(address);
}

std::optional<VirtualAddress> find_info(const ElfImage& image) {
  const Section* const section = image.section(".go.fipsinfo");
  if (section != nullptr && is_info(image, section->address)) {
    return section->address;
  }
  if (!image.sections().empty()) {
    return std::nullopt;  // the linker gives it a section, always
  }
  for (const Segment& segment : image.segments()) {
    const std::string_view bytes = image.bytes_at(segment.address).text();
    for (std::size_t at = bytes.find(kMagic); at != std::string_view::npos; at = bytes.find(kMagic, at + 1)) {
      const auto address = static_cast<VirtualAddress>(value_of(segment.address) + at);
      if (is_info(image, address)) {
        return address;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<AddressRange> find_self_checked_code(const ElfImage& image) {
  std::vector<AddressRange> ranges;
  const std::optional<VirtualAddress> info = find_info(image);
  for (std::uint64_t i = 0; info && i < kSectionCount; ++i) {
    const std::uint64_t section = value_of(*info) + kSections + i * 16;
    const auto start = static_cast<VirtualAddress>(word_at(image, section));
    const auto end = static_cast<VirtualAddress>(word_at(image, section + 8));
    if (value_of(start) < value_of(end) && image.is_executable(start)) {  // else data, which is not probed
      ranges.push_back({start, end});
    }
  }
  return ranges;
}

}  // namespace inspect
