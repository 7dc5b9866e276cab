// Reads single type descriptors of the runtime: what internal/abi/type.go (runtime/type.go before 1.21) lays
// out, Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/byte_reader.hpp"
#include "inspect/elf/elf_image.hpp"
#include "inspect/go/go_module_data.hpp"
#include "inspect/type_table.hpp"

namespace inspect {

// internal/abi/type.go, Kind.
enum class GoKind : std::uint8_t {
  kArray = 17,
  kChan,
  kFunc,
  kInterface,
  kMap,
  kPointer,
  kSlice,
  kString,
  kStruct,
  kUnsafePointer,
};

inline constexpr std::uint32_t kNoTypeOffset = 0xffffffff;

// The part that every type has.
struct TypeDescriptor {
  VirtualAddress address{};
  base::ByteView bytes;  // from the descriptor to the end of its segment
  std::uint64_t size = 0;
  std::uint8_t flags = 0;
  std::uint8_t align = 0;
  std::uint8_t kind_byte = 0;
  std::uint32_t name = 0;
  std::uint32_t pointer_to_this = 0;

  [[nodiscard]] GoKind go_kind() const;
  [[nodiscard]] TypeKind kind() const;
  [[nodiscard]] bool has_uncommon() const;
  [[nodiscard]] bool has_extra_star() const;
  [[nodiscard]] bool is_named() const;
  [[nodiscard]] bool is_direct_in_interface() const;
};

// Package and methods; of named types and of types with methods.
struct UncommonType {
  std::uint64_t position = 0;  // from the descriptor
  std::uint32_t package = 0;
  std::uint16_t method_count = 0;
  std::uint32_t methods = 0;  // from the uncommon part
};

struct DescriptorName {
  std::string_view text;
  bool embedded = false;
};

struct ParameterCounts {
  std::uint64_t parameters = 0;
  std::uint64_t results = 0;
  bool variadic = false;
};

class DescriptorReader {
 public:
  // Both must outlive the reader.
  DescriptorReader(const ElfImage& image, const GoModuleData& module) : image_(&image), module_(&module) {}

  // None where nothing plausible lies.
  [[nodiscard]] std::optional<TypeDescriptor> read(VirtualAddress address) const;
  [[nodiscard]] bool may_lie_at(std::uint64_t address) const;
  [[nodiscard]] VirtualAddress address_of(std::uint32_t type_offset) const;

  [[nodiscard]] DescriptorName name_at_offset(std::uint32_t name_offset) const;
  [[nodiscard]] DescriptorName name_at_pointer(VirtualAddress pointer) const;
  [[nodiscard]] std::optional<UncommonType> uncommon_of(const TypeDescriptor& descriptor) const;
  // The fields of a struct or the methods of an interface. Empty when there are more than the file has bytes
  // for.
  [[nodiscard]] GoSlice members_of(VirtualAddress descriptor) const;
  [[nodiscard]] static ParameterCounts parameters_of(const TypeDescriptor& function);
  // How much memory the descriptor and what lies behind it take; for a map at least.
  [[nodiscard]] std::uint64_t extent_of(const TypeDescriptor& descriptor) const;

 private:
  [[nodiscard]] std::optional<UncommonType> uncommon_of_map(const TypeDescriptor& descriptor) const;
  [[nodiscard]] DescriptorName name_in(base::ByteView bytes) const;

  const ElfImage* image_;       // the caller's
  const GoModuleData* module_;  // the caller's
};

}  // namespace inspect
