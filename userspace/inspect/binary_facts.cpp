#include "inspect/binary_facts.hpp"

#include <algorithm>

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

bool BinaryFacts::checks_itself_at(VirtualAddress address) const {
  return std::ranges::any_of(self_checked_code, [address](const AddressRange& range) {
    return value_of(range.start) <= value_of(address) && value_of(address) < value_of(range.end);
  });
}

}  // namespace inspect
