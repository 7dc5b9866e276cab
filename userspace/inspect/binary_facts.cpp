#include "inspect/binary_facts.hpp"

namespace inspect {

std::optional<FileOffset> BinaryFacts::file_offset_of(VirtualAddress address) const {
  for (const Segment& segment : segments) {
    const std::uint64_t distance = value_of(address) - value_of(segment.address);
    if (value_of(address) >= value_of(segment.address) && distance < segment.file_size) {
      return static_cast<FileOffset>(value_of(segment.offset) + distance);
    }
  }
  return std::nullopt;
}

}  // namespace inspect
