#include "inspect/go/go_module_data.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace inspect {
namespace {

using base::ByteView;
using base::ErrorCode;
using base::fail;
using base::Result;

// runtime/symtab.go, type moduledata. These offsets are the same in Go 1.18 to 1.27.
constexpr std::uint64_t kFunctionNames = 8;
constexpr std::uint64_t kMinimumPc = 160;
constexpr std::uint64_t kMaximumPc = 168;
constexpr std::uint64_t kText = 176;
constexpr std::uint64_t kEndOfText = 184;
constexpr std::uint64_t kData = 208;
constexpr std::uint64_t kEndOfData = 216;

// Where the rest lies. Go 1.20 put covctrs and ecovctrs before it, 1.26 epclntab before the links, 1.27
// dropped the links. Which one it is shows in the values, not in the version: a layout fits or does not.
struct Layout {
  std::uint64_t types;
  std::uint64_t end_of_types;
  std::uint64_t func_data;
  std::uint64_t type_links;  // 0: none, see the next four
  std::uint64_t itab_links;
  std::uint64_t descriptors_size;
  std::uint64_t itab_offset;
  std::uint64_t itab_size;
};

constexpr std::array<Layout, 4> kLayouts = {{
    {296, 304, 320, 360, 384, 0, 0, 0},    // 1.26
    {296, 304, 320, 352, 376, 0, 0, 0},    // 1.20 to 1.25
    {280, 288, 304, 336, 360, 0, 0, 0},    // 1.18, 1.19
    {296, 312, 344, 0, 0, 304, 320, 328},  // 1.27
}};

class Reader {
 public:
  Reader(const ElfImage& image, VirtualAddress module) : image_(&image), module_(module) {}

  [[nodiscard]] std::uint64_t word(std::uint64_t offset) const {
    return image_->pointer_at(static_cast<VirtualAddress>(value_of(module_) + offset)).value_or(0);
  }

  [[nodiscard]] VirtualAddress address(std::uint64_t offset) const {
    return static_cast<VirtualAddress>(word(offset));
  }

  // A slice whose elements are all in the file.
  [[nodiscard]] std::optional<GoSlice> slice(std::uint64_t offset, std::uint64_t element_size) const {
    const GoSlice slice{address(offset), word(offset + 8)};
    if (slice.count != word(offset + 16) ||
        slice.count > image_->bytes_at(slice.address).size() / element_size) {
      return std::nullopt;
    }
    return slice;
  }

  // Whether [start, end) lies within one segment of the file.
  [[nodiscard]] bool is_mapped(std::uint64_t start, std::uint64_t end) const {
    return start != 0 && start < end &&
           image_->bytes_at(static_cast<VirtualAddress>(start)).size() >= end - start;
  }

 private:
  const ElfImage* image_;  // the caller's
  VirtualAddress module_;
};

bool is_module(const ElfImage& image, VirtualAddress address, const GoFunctionTable& functions) {
  const Reader reader(image, address);
  const std::uint64_t text = reader.word(kText);
  const FunctionRecord& first = functions.record(0);
  return reader.word(0) == value_of(functions.address()) &&
         reader.word(kFunctionNames) == value_of(functions.name_table_address()) &&
         reader.word(kEndOfText) > text && reader.word(kMinimumPc) == text + first.entry_offset &&
         reader.word(kMaximumPc) <= reader.word(kEndOfText) && image.is_executable(reader.address(kText));
}

// Words that hold the table's address: in relocations, or in the file itself.
std::vector<VirtualAddress> candidates(const ElfImage& image, const GoFunctionTable& functions) {
  std::vector<VirtualAddress> found;
  if (const Section* section = image.section(".go.module"); section != nullptr) {
    found.push_back(section->address);
  }
  std::ranges::copy(image.relocated_to(functions.address()), std::back_inserter(found));
  for (const Segment& segment : image.segments()) {
    if (segment.executable) {
      continue;
    }
    const ByteView bytes = image.bytes_at(segment.address);
    const std::uint64_t start = value_of(segment.address);
    for (std::uint64_t at = (8 - start % 8) % 8; at + 8 <= bytes.size(); at += 8) {
      if (bytes.at<std::uint64_t>(at) == value_of(functions.address())) {
        found.push_back(static_cast<VirtualAddress>(start + at));
      }
    }
  }
  return found;
}

bool apply(const Layout& layout, const Reader& reader, GoModuleData& module) {
  const std::uint64_t types = reader.word(layout.types);
  const std::uint64_t end = reader.word(layout.end_of_types);
  if (!reader.is_mapped(types, end) || reader.word(layout.func_data) == 0) {
    return false;
  }
  module.types = static_cast<VirtualAddress>(types);
  module.end_of_types = static_cast<VirtualAddress>(end);
  module.func_data = reader.address(layout.func_data);
  if (layout.type_links != 0) {
    const std::optional<GoSlice> types_slice = reader.slice(layout.type_links, 4);
    const std::optional<GoSlice> itabs_slice = reader.slice(layout.itab_links, 8);
    if (!types_slice || !itabs_slice || types_slice->count == 0) {
      return false;
    }
    module.type_links = *types_slice;
    module.itab_links = *itabs_slice;
    return true;
  }
  const std::uint64_t descriptors = reader.word(layout.descriptors_size);
  const std::uint64_t itab_offset = reader.word(layout.itab_offset);
  const std::uint64_t itab_size = reader.word(layout.itab_size);
  if (descriptors == 0 || descriptors > end - types || itab_offset > end - types ||
      itab_size > end - types - itab_offset) {
    return false;
  }
  module.descriptors_size = descriptors;
  module.itabs = static_cast<VirtualAddress>(types + itab_offset);
  module.itabs_size = itab_size;
  return true;
}

// Type links are offsets into [types, etypes) in rising order of the types' strings; all must be in range.
bool links_are_in_range(const ElfImage& image, const GoModuleData& module) {
  const ByteView links = image.bytes_at(module.type_links.address);
  const std::uint64_t extent = value_of(module.end_of_types) - value_of(module.types);
  for (std::uint64_t index = 0; index < module.type_links.count; ++index) {
    const auto offset = links.at<std::uint32_t>(4 * index);
    if (!offset || *offset >= extent || *offset % 8 != 0) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<GoModuleData> GoModuleData::find(const ElfImage& image, const GoFunctionTable& functions) {
  for (const VirtualAddress address : candidates(image, functions)) {
    if (!is_module(image, address, functions)) {
      continue;
    }
    const Reader reader(image, address);
    GoModuleData module;
    module.address = address;
    module.text = reader.address(kText);
    module.end_of_text = reader.address(kEndOfText);
    module.data = reader.address(kData);
    module.end_of_data = reader.address(kEndOfData);
    for (const Layout& layout : kLayouts) {
      GoModuleData attempt = module;
      if (apply(layout, reader, attempt) && links_are_in_range(image, attempt)) {
        attempt.has_types = true;
        return attempt;
      }
    }
    return module;
  }
  return fail(ErrorCode::kUnsupported,
              "the Go function table has no moduledata that points to it: the program is garbled or damaged");
}

}  // namespace inspect
