#include "inspect/go/go_type_descriptor.hpp"

#include <array>

namespace inspect {
namespace {

using base::ByteReader;
using base::ByteView;

constexpr std::uint64_t kMaxNameLength = 64ULL * 1024;

// internal/abi/type.go, type Type and TFlag.
constexpr std::uint64_t kHeaderSize = 48;
constexpr std::uint64_t kUncommonSize = 16;
constexpr std::uint64_t kMethodSize = 16;
constexpr std::uint8_t kKindMask = 0x1f;
constexpr std::uint8_t kLastKind = 26;
constexpr std::uint8_t kUncommonFlag = 1;
constexpr std::uint8_t kExtraStarFlag = 2;
constexpr std::uint8_t kNamedFlag = 4;
// KindDirectIface of the kind byte up to Go 1.25, TFlagDirectIface of the flag byte since 1.26; the other
// byte's bit is unused in both.
constexpr std::uint8_t kDirectInInterface = 0x20;
constexpr std::uint8_t kEmbeddedNameFlag = 8;

bool is_power_of_two_up_to_64(std::uint8_t value) {
  return value != 0 && value <= 64 && (value & (value - 1)) == 0;
}

std::optional<UncommonType> uncommon_at(const TypeDescriptor& descriptor, std::uint64_t position) {
  ByteReader reader(descriptor.bytes.rest(position));
  UncommonType uncommon;
  uncommon.position = position;
  uncommon.package = reader.read<std::uint32_t>();
  uncommon.method_count = reader.read<std::uint16_t>();
  reader.skip(2);  // how many of them are exported
  uncommon.methods = reader.read<std::uint32_t>();
  return reader.ok() ? std::optional(uncommon) : std::nullopt;
}

}  // namespace

GoKind TypeDescriptor::go_kind() const {
  return static_cast<GoKind>(kind_byte & kKindMask);
}

TypeKind TypeDescriptor::kind() const {
  constexpr std::array<TypeKind, kLastKind + 1> kKinds = {
      TypeKind::kStruct,    TypeKind::kBool,         TypeKind::kInt,     TypeKind::kInt,   TypeKind::kInt,
      TypeKind::kInt,       TypeKind::kInt,          TypeKind::kUint,    TypeKind::kUint,  TypeKind::kUint,
      TypeKind::kUint,      TypeKind::kUint,         TypeKind::kUint,    TypeKind::kFloat, TypeKind::kFloat,
      TypeKind::kComplex,   TypeKind::kComplex,      TypeKind::kArray,   TypeKind::kChan,  TypeKind::kFunc,
      TypeKind::kInterface, TypeKind::kMap,          TypeKind::kPointer, TypeKind::kSlice, TypeKind::kString,
      TypeKind::kStruct,    TypeKind::kUnsafePointer};
  return kKinds.at(kind_byte & kKindMask);
}

bool TypeDescriptor::has_uncommon() const {
  return (flags & kUncommonFlag) != 0;
}

bool TypeDescriptor::has_extra_star() const {
  return (flags & kExtraStarFlag) != 0;
}

bool TypeDescriptor::is_named() const {
  return (flags & kNamedFlag) != 0;
}

bool TypeDescriptor::is_direct_in_interface() const {
  return ((kind_byte | flags) & kDirectInInterface) != 0;
}

std::optional<TypeDescriptor> DescriptorReader::read(VirtualAddress address) const {
  TypeDescriptor descriptor;
  descriptor.address = address;
  descriptor.bytes = image_->bytes_at(address);
  ByteReader reader(descriptor.bytes);
  descriptor.size = reader.read<std::uint64_t>();
  const auto pointer_bytes = reader.read<std::uint64_t>();
  reader.skip(4);  // hash
  descriptor.flags = reader.read<std::uint8_t>();
  descriptor.align = reader.read<std::uint8_t>();
  reader.skip(1);  // fieldAlign
  descriptor.kind_byte = reader.read<std::uint8_t>();
  reader.skip(8 + 8);  // equal, gcdata
  descriptor.name = reader.read<std::uint32_t>();
  descriptor.pointer_to_this = reader.read<std::uint32_t>();
  const unsigned kind = descriptor.kind_byte & kKindMask;
  const bool plausible = reader.ok() && kind >= 1 && kind <= kLastKind &&
                         is_power_of_two_up_to_64(descriptor.align) && pointer_bytes <= descriptor.size &&
                         pointer_bytes % 8 == 0 && !name_at_offset(descriptor.name).text.empty();
  return plausible ? std::optional(descriptor) : std::nullopt;
}

bool DescriptorReader::may_lie_at(std::uint64_t address) const {
  return address >= value_of(module_->types) && address < value_of(module_->end_of_types) && address % 8 == 0;
}

VirtualAddress DescriptorReader::address_of(std::uint32_t type_offset) const {
  return static_cast<VirtualAddress>(value_of(module_->types) + type_offset);
}

// A name is {flags u8, length uvarint, bytes, ...}.
DescriptorName DescriptorReader::name_in(ByteView bytes) const {
  ByteReader reader(bytes);
  const auto flags = reader.read<std::uint8_t>();
  const std::uint64_t length = reader.read_uvarint();
  const std::string_view text = length <= kMaxNameLength ? reader.take(length).text() : std::string_view();
  return {text, (flags & kEmbeddedNameFlag) != 0};
}

DescriptorName DescriptorReader::name_at_offset(std::uint32_t name_offset) const {
  return name_offset == 0 ? DescriptorName{} : name_in(image_->bytes_at(address_of(name_offset)));
}

DescriptorName DescriptorReader::name_at_pointer(VirtualAddress pointer) const {
  return name_in(image_->bytes_at(static_cast<VirtualAddress>(image_->pointer_at(pointer).value_or(0))));
}

// Where the uncommon part lies for each kind; the kind's own fields come before it.
std::optional<UncommonType> DescriptorReader::uncommon_of(const TypeDescriptor& descriptor) const {
  if (!descriptor.has_uncommon()) {
    return std::nullopt;
  }
  switch (descriptor.go_kind()) {
    case GoKind::kPointer:
    case GoKind::kFunc:
    case GoKind::kSlice:
      return uncommon_at(descriptor, 56);
    case GoKind::kChan:
      return uncommon_at(descriptor, 64);
    case GoKind::kArray:
      return uncommon_at(descriptor, 72);
    case GoKind::kInterface:
    case GoKind::kStruct:
      return uncommon_at(descriptor, 80);
    case GoKind::kMap:
      return uncommon_of_map(descriptor);
    default:
      return uncommon_at(descriptor, kHeaderSize);
  }
}

// A map's own fields changed with Swiss maps (1.24) and in 1.27. Before Swiss maps the size of a bucket is an
// u16 at 82, which its type (at 64) has as well; afterwards the size of a group is a word at 80.
std::optional<UncommonType> DescriptorReader::uncommon_of_map(const TypeDescriptor& descriptor) const {
  const auto group_pointer = static_cast<VirtualAddress>(value_of(descriptor.address) + 64);
  const auto group = static_cast<VirtualAddress>(image_->pointer_at(group_pointer).value_or(0));
  const std::uint64_t group_size = image_->pointer_at(group).value_or(0);
  const bool has_buckets = descriptor.bytes.at<std::uint64_t>(80) != group_size &&
                           descriptor.bytes.at<std::uint16_t>(82) == group_size;
  if (has_buckets) {
    return uncommon_at(descriptor, 88);
  }
  return uncommon_at(descriptor, module_->type_links.count != 0 ? 112 : 136);
}

GoSlice DescriptorReader::members_of(VirtualAddress descriptor) const {
  const auto pointer = static_cast<VirtualAddress>(value_of(descriptor) + 56);
  const auto count = static_cast<VirtualAddress>(value_of(descriptor) + 64);
  const GoSlice members{static_cast<VirtualAddress>(image_->pointer_at(pointer).value_or(0)),
                        image_->pointer_at(count).value_or(0)};
  return members.count <= image_->bytes_at(members.address).size() / 8 ? members : GoSlice{};
}

ParameterCounts DescriptorReader::parameters_of(const TypeDescriptor& function) {
  constexpr unsigned kVariadic = 0x8000;
  const unsigned results = function.bytes.at<std::uint16_t>(50).value_or(0);
  return {function.bytes.at<std::uint16_t>(48).value_or(0), results & ~kVariadic, (results & kVariadic) != 0};
}

// internal/abi/type.go, DescriptorSize (1.27).
std::uint64_t DescriptorReader::extent_of(const TypeDescriptor& descriptor) const {
  const std::optional<UncommonType> uncommon = uncommon_of(descriptor);
  const std::uint64_t methods =
      uncommon ? kUncommonSize + kMethodSize * std::uint64_t{uncommon->method_count} : 0;
  switch (descriptor.go_kind()) {
    case GoKind::kFunc: {
      const ParameterCounts counts = parameters_of(descriptor);
      return 56 + methods + 8 * (counts.parameters + counts.results);
    }
    case GoKind::kInterface:
      return 80 + methods + 8 * members_of(descriptor.address).count;
    case GoKind::kStruct:
      return 80 + methods + 24 * members_of(descriptor.address).count;
    case GoKind::kPointer:
    case GoKind::kSlice:
      return 56 + methods;
    case GoKind::kChan:
      return 64 + methods;
    case GoKind::kArray:
      return 72 + methods;
    case GoKind::kMap:
      return uncommon ? uncommon->position + methods : 88;
    default:
      return kHeaderSize + methods;
  }
}

}  // namespace inspect
