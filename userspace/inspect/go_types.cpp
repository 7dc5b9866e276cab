#include "inspect/go_types.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_reader.hpp"

namespace inspect {
namespace {

using base::ByteReader;
using base::ByteView;

// What a hostile file may make us keep. The largest real programs (kubelet, Prometheus) have under 100,000
// types.
constexpr std::size_t kMaxTypes = 500'000;
constexpr std::size_t kMaxMembers = 4'000'000;
constexpr std::size_t kMaxNameBytes = 128ULL * 1024 * 1024;
constexpr std::uint64_t kMaxNameLength = 64ULL * 1024;

// internal/abi/type.go, type Type.
constexpr std::uint64_t kHeaderSize = 48;
constexpr std::uint64_t kUncommonSize = 16;
constexpr std::uint64_t kMethodSize = 16;
constexpr std::uint8_t kKindMask = 0x1f;
constexpr std::uint8_t kUncommonFlag = 1;
constexpr std::uint8_t kExtraStarFlag = 2;
constexpr std::uint8_t kNamedFlag = 4;
// KindDirectIface of the kind byte up to Go 1.25, TFlagDirectIface of the flag byte since 1.26; the other
// byte's bit is unused in both.
constexpr std::uint8_t kDirectInInterface = 0x20;
constexpr std::uint8_t kEmbeddedNameFlag = 8;
constexpr std::uint32_t kNoOffset = 0xffffffff;

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

constexpr std::uint8_t kLastKind = 26;

TypeKind kind_of(std::uint8_t go_kind) {
  constexpr std::array<TypeKind, kLastKind + 1> kKinds = {
      TypeKind::kStruct,    TypeKind::kBool,         TypeKind::kInt,     TypeKind::kInt,   TypeKind::kInt,
      TypeKind::kInt,       TypeKind::kInt,          TypeKind::kUint,    TypeKind::kUint,  TypeKind::kUint,
      TypeKind::kUint,      TypeKind::kUint,         TypeKind::kUint,    TypeKind::kFloat, TypeKind::kFloat,
      TypeKind::kComplex,   TypeKind::kComplex,      TypeKind::kArray,   TypeKind::kChan,  TypeKind::kFunc,
      TypeKind::kInterface, TypeKind::kMap,          TypeKind::kPointer, TypeKind::kSlice, TypeKind::kString,
      TypeKind::kStruct,    TypeKind::kUnsafePointer};
  return kKinds.at(go_kind);
}

struct Header {
  ByteView bytes;  // from the descriptor to the end of its segment
  std::uint64_t size = 0;
  std::uint8_t flags = 0;
  std::uint8_t align = 0;
  std::uint8_t kind_byte = 0;
  std::uint32_t name = 0;
  std::uint32_t pointer_to_this = 0;

  [[nodiscard]] GoKind kind() const { return static_cast<GoKind>(kind_byte & kKindMask); }

  [[nodiscard]] bool has_uncommon() const { return (flags & kUncommonFlag) != 0; }
};

struct Uncommon {
  std::uint64_t position = 0;  // from the descriptor
  std::uint32_t package = 0;
  std::uint16_t method_count = 0;
  std::uint32_t methods = 0;  // from the uncommon part
};

struct Name {
  std::string_view text;
  bool embedded = false;
};

struct Members {
  VirtualAddress address{};
  std::uint64_t count = 0;
};

bool is_power_of_two_up_to_64(std::uint8_t value) {
  return value != 0 && value <= 64 && (value & (value - 1)) == 0;
}

class TypeWalk {
 public:
  TypeWalk(const ElfImage& image, const GoModuleData& module) : image_(&image), module_(&module) {}

  GoTypes run(bool may_shift_offsets) {
    seed_from_type_links();
    seed_from_descriptors();
    read_linked_itabs();
    read_adjacent_itabs();
    fill_queued();
    if (may_shift_offsets && has_shifted_offsets()) {
      shift_offsets_back();
    }
    return std::move(types_);
  }

 private:
  void seed_from_type_links() {
    const ByteView links = image_->bytes_at(module_->type_links.address);
    for (std::uint64_t index = 0; index < module_->type_links.count; ++index) {
      id_at_offset(links.at<std::uint32_t>(4 * index).value_or(kNoOffset));
    }
  }

  // Go 1.27: runtime/type.go, moduleTypelinks. One word that is no descriptor comes first.
  void seed_from_descriptors() {
    std::uint64_t offset = 8;
    while (offset < module_->descriptors_size) {
      const VirtualAddress address = address_of(static_cast<std::uint32_t>(offset));
      const std::optional<Header> header = read_header(address);
      if (!header) {
        offset += 8;
        continue;
      }
      id_of(value_of(address));
      offset += (descriptor_size(*header, address) + 7) / 8 * 8;
    }
  }

  // An itab is {interface type, concrete type, hash u32, pad, a function for each method of the interface}.
  TypeId read_itab(VirtualAddress itab) {
    const TypeId interface = id_of(image_->pointer_at(itab).value_or(0));
    const auto concrete_word = static_cast<VirtualAddress>(value_of(itab) + 8);
    const TypeId concrete = id_of(image_->pointer_at(concrete_word).value_or(0));
    if (interface != TypeId::kNone && concrete != TypeId::kNone) {
      types_.itab_types.emplace(value_of(itab), concrete);
    }
    return interface;
  }

  void read_linked_itabs() {
    for (std::uint64_t index = 0; index < module_->itab_links.count && types_.itab_types.size() < kMaxTypes;
         ++index) {
      const auto link = static_cast<VirtualAddress>(value_of(module_->itab_links.address) + 8 * index);
      read_itab(static_cast<VirtualAddress>(image_->pointer_at(link).value_or(0)));
    }
  }

  // Go 1.27: one after another, without a table.
  void read_adjacent_itabs() {
    constexpr std::uint64_t kSizeWithoutMethods = 24;
    std::uint64_t offset = 0;
    while (offset < module_->itabs_size) {
      const auto itab = static_cast<VirtualAddress>(value_of(module_->itabs) + offset);
      if (read_itab(itab) == TypeId::kNone) {
        offset += 8;
        continue;
      }
      const auto interface = static_cast<VirtualAddress>(image_->pointer_at(itab).value_or(0));
      offset += kSizeWithoutMethods + 8 * std::max<std::uint64_t>(slice_at(interface, 56).count, 1);
    }
  }

  void fill_queued() {
    while (!queue_.empty()) {
      const TypeId id = queue_.back();
      queue_.pop_back();
      fill(id);
    }
  }

  [[nodiscard]] VirtualAddress address_of(std::uint32_t offset) const {
    return static_cast<VirtualAddress>(value_of(module_->types) + offset);
  }

  [[nodiscard]] bool may_hold_descriptor(std::uint64_t address) const {
    return address >= value_of(module_->types) && address < value_of(module_->end_of_types) &&
           address % 8 == 0;
  }

  TypeId id_at_offset(std::uint32_t offset) {
    return offset == kNoOffset || offset == 0 ? TypeId::kNone : id_of(value_of(address_of(offset)));
  }

  TypeId id_at_pointer(VirtualAddress descriptor, std::uint64_t offset) {
    return id_of(image_->pointer_at(static_cast<VirtualAddress>(value_of(descriptor) + offset)).value_or(0));
  }

  // The type at `address`, known already or new; a new one is filled in later, so that types may refer to
  // each other.
  TypeId id_of(std::uint64_t address) {
    if (!may_hold_descriptor(address)) {
      return TypeId::kNone;
    }
    const auto descriptor = static_cast<VirtualAddress>(address);
    if (const std::optional<TypeId> known = types_.table.at_descriptor(descriptor); known) {
      return *known;
    }
    const std::optional<Header> header = read_header(descriptor);
    if (!header || types_.table.types().size() >= kMaxTypes) {
      return TypeId::kNone;
    }
    const TypeId id = types_.table.add(shallow_type(*header, descriptor));
    queue_.push_back(id);
    return id;
  }

  Type shallow_type(const Header& header, VirtualAddress descriptor) {
    std::string_view name = name_at_offset(header.name).text;
    if ((header.flags & kExtraStarFlag) != 0 && name.starts_with('*')) {
      name.remove_prefix(1);
    }
    Type type;
    type.kind = kind_of(header.kind_byte & kKindMask);
    type.name = kept(name);
    type.size = header.size;
    type.align = header.align;
    type.direct_in_interface = ((header.kind_byte | header.flags) & kDirectInInterface) != 0;
    type.descriptor = descriptor;
    return type;
  }

  [[nodiscard]] std::optional<Header> read_header(VirtualAddress address) const {
    const ByteView bytes = image_->bytes_at(address);
    ByteReader reader(bytes);
    Header header{.bytes = bytes};
    header.size = reader.read<std::uint64_t>();
    const auto pointer_bytes = reader.read<std::uint64_t>();
    reader.skip(4);  // hash
    header.flags = reader.read<std::uint8_t>();
    header.align = reader.read<std::uint8_t>();
    reader.skip(1);  // fieldAlign
    header.kind_byte = reader.read<std::uint8_t>();
    reader.skip(8 + 8);  // equal, gcdata
    header.name = reader.read<std::uint32_t>();
    header.pointer_to_this = reader.read<std::uint32_t>();
    const unsigned kind = header.kind_byte & kKindMask;
    const bool plausible = reader.ok() && kind >= 1 && kind <= kLastKind &&
                           is_power_of_two_up_to_64(header.align) && pointer_bytes <= header.size &&
                           pointer_bytes % 8 == 0 && !name_at_offset(header.name).text.empty();
    return plausible ? std::optional(header) : std::nullopt;
  }

  // A name is {flags u8, length uvarint, bytes, ...}.
  [[nodiscard]] Name name_in(ByteView bytes) const {
    ByteReader reader(bytes);
    const auto flags = reader.read<std::uint8_t>();
    const std::uint64_t length = reader.read_uvarint();
    const std::string_view text = length <= kMaxNameLength ? reader.take(length).text() : std::string_view();
    return {text, (flags & kEmbeddedNameFlag) != 0};
  }

  [[nodiscard]] Name name_at_offset(std::uint32_t offset) const {
    return offset == 0 ? Name{} : name_in(image_->bytes_at(address_of(offset)));
  }

  [[nodiscard]] Name name_at_pointer(VirtualAddress pointer) const {
    return name_in(image_->bytes_at(static_cast<VirtualAddress>(image_->pointer_at(pointer).value_or(0))));
  }

  std::string kept(std::string_view name) {
    name_bytes_ += name.size();
    return name_bytes_ <= kMaxNameBytes ? std::string(name) : std::string();
  }

  // A slice header inside a descriptor; empty when it claims more than a file may make us keep.
  [[nodiscard]] Members slice_at(VirtualAddress descriptor, std::uint64_t offset) const {
    const auto at = value_of(descriptor) + offset;
    const Members members{
        static_cast<VirtualAddress>(image_->pointer_at(static_cast<VirtualAddress>(at)).value_or(0)),
        image_->pointer_at(static_cast<VirtualAddress>(at + 8)).value_or(0)};
    return members.count <= image_->bytes_at(members.address).size() / 8 ? members : Members{};
  }

  bool may_keep_member() { return ++member_count_ <= kMaxMembers; }

  // Where the uncommon part lies for each kind; the kind's own fields come before it.
  [[nodiscard]] std::optional<Uncommon> read_uncommon(const Header& header, VirtualAddress descriptor) const {
    if (!header.has_uncommon()) {
      return std::nullopt;
    }
    switch (header.kind()) {
      case GoKind::kPointer:
      case GoKind::kFunc:
      case GoKind::kSlice:
        return uncommon_at(header, 56);
      case GoKind::kChan:
        return uncommon_at(header, 64);
      case GoKind::kArray:
        return uncommon_at(header, 72);
      case GoKind::kInterface:
      case GoKind::kStruct:
        return uncommon_at(header, 80);
      case GoKind::kMap:
        return uncommon_of_map(header, descriptor);
      default:
        return uncommon_at(header, kHeaderSize);
    }
  }

  [[nodiscard]] static std::optional<Uncommon> uncommon_at(const Header& header, std::uint64_t position) {
    ByteReader reader(header.bytes.rest(position));
    Uncommon uncommon{.position = position};
    uncommon.package = reader.read<std::uint32_t>();
    uncommon.method_count = reader.read<std::uint16_t>();
    reader.skip(2);  // how many of them are exported
    uncommon.methods = reader.read<std::uint32_t>();
    return reader.ok() ? std::optional(uncommon) : std::nullopt;
  }

  // A map's own fields changed with Swiss maps (1.24) and in 1.27. Before Swiss maps the size of a bucket is
  // an u16 at 82, which its type (at 64) has as well; afterwards the size of a group is a word at 80.
  [[nodiscard]] std::optional<Uncommon> uncommon_of_map(const Header& header,
                                                        VirtualAddress descriptor) const {
    const auto group_pointer = static_cast<VirtualAddress>(value_of(descriptor) + 64);
    const auto group = static_cast<VirtualAddress>(image_->pointer_at(group_pointer).value_or(0));
    const std::uint64_t group_size = image_->pointer_at(group).value_or(0);
    const bool has_buckets =
        header.bytes.at<std::uint64_t>(80) != group_size && header.bytes.at<std::uint16_t>(82) == group_size;
    if (has_buckets) {
      return uncommon_at(header, 88);
    }
    return uncommon_at(header, module_->type_links.count != 0 ? 112 : 136);
  }

  // internal/abi/type.go, DescriptorSize (1.27). For a map at least; the walk skips what is left of it.
  [[nodiscard]] std::uint64_t descriptor_size(const Header& header, VirtualAddress address) const {
    const std::optional<Uncommon> uncommon = read_uncommon(header, address);
    const std::uint64_t methods =
        uncommon ? kUncommonSize + kMethodSize * std::uint64_t{uncommon->method_count} : 0;
    switch (header.kind()) {
      case GoKind::kFunc:
        return 56 + methods + 8 * (parameter_count(header) + result_count(header));
      case GoKind::kInterface:
        return 80 + methods + 8 * slice_at(address, 56).count;
      case GoKind::kStruct:
        return 80 + methods + 24 * slice_at(address, 56).count;
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

  static std::uint64_t parameter_count(const Header& header) {
    return header.bytes.at<std::uint16_t>(48).value_or(0);
  }

  static std::uint64_t result_count(const Header& header) {
    return header.bytes.at<std::uint16_t>(50).value_or(0) & 0x7fffU;
  }

  void fill(TypeId id) {
    const VirtualAddress descriptor = types_.table[id].descriptor.value_or(VirtualAddress{});
    const std::optional<Header> header = read_header(descriptor);
    if (!header) {
      return;
    }
    if (header->pointer_to_this != 0) {
      id_at_offset(header->pointer_to_this);
    }
    fill_kind(id, *header, descriptor);
    if (const std::optional<Uncommon> uncommon = read_uncommon(*header, descriptor); uncommon) {
      if ((header->flags & kNamedFlag) != 0) {
        types_.table.at(id).package = kept(name_at_offset(uncommon->package).text);
      }
      fill_methods(id, *header, *uncommon);
    }
  }

  void fill_kind(TypeId id, const Header& header, VirtualAddress descriptor) {
    switch (header.kind()) {
      case GoKind::kArray:
        types_.table.at(id).length = header.bytes.at<std::uint64_t>(64).value_or(0);
        fill_element(id, descriptor, 48);
        break;
      case GoKind::kChan:
      case GoKind::kPointer:
      case GoKind::kSlice:
        fill_element(id, descriptor, 48);
        break;
      case GoKind::kMap: {
        const TypeId key = id_at_pointer(descriptor, 48);
        types_.table.at(id).key = key;
        fill_element(id, descriptor, 56);
        break;
      }
      case GoKind::kFunc:
        fill_function(id, header, descriptor);
        break;
      case GoKind::kInterface:
        fill_interface(id, descriptor);
        break;
      case GoKind::kStruct:
        fill_struct(id, descriptor);
        break;
      default:
        break;
    }
  }

  void fill_element(TypeId id, VirtualAddress descriptor, std::uint64_t offset) {
    const TypeId element = id_at_pointer(descriptor, offset);
    types_.table.at(id).element = element;
  }

  void fill_function(TypeId id, const Header& header, VirtualAddress descriptor) {
    const std::uint64_t parameters = parameter_count(header);
    const std::uint64_t all = parameters + result_count(header);
    const std::uint64_t first = 56 + (header.has_uncommon() ? kUncommonSize : 0);
    std::vector<TypeId> ids;
    for (std::uint64_t index = 0; index < all && may_keep_member(); ++index) {
      ids.push_back(id_at_pointer(descriptor, first + 8 * index));
    }
    const auto split =
        ids.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(parameters, ids.size()));
    Type& type = types_.table.at(id);
    type.parameters.assign(ids.begin(), split);
    type.results.assign(split, ids.end());
    type.variadic = (header.bytes.at<std::uint16_t>(50).value_or(0) & 0x8000U) != 0;
  }

  // Methods of an interface are {name i32, type i32}.
  void fill_interface(TypeId id, VirtualAddress descriptor) {
    const Members members = slice_at(descriptor, 56);
    const ByteView entries = image_->bytes_at(members.address);
    std::vector<Method> methods;
    for (std::uint64_t index = 0; index < members.count && may_keep_member(); ++index) {
      Method method;
      method.name = kept(name_at_offset(entries.at<std::uint32_t>(8 * index).value_or(0)).text);
      method.signature = id_at_offset(entries.at<std::uint32_t>(8 * index + 4).value_or(kNoOffset));
      methods.push_back(std::move(method));
    }
    Type& type = types_.table.at(id);
    type.empty_interface = members.count == 0;
    type.methods = std::move(methods);
  }

  // Fields are {name*, type*, offset}.
  void fill_struct(TypeId id, VirtualAddress descriptor) {
    const Members members = slice_at(descriptor, 56);
    std::vector<Field> fields;
    for (std::uint64_t index = 0; index < members.count && may_keep_member(); ++index) {
      const auto at = static_cast<VirtualAddress>(value_of(members.address) + 24 * index);
      const Name name = name_at_pointer(at);
      Field field;
      field.name = kept(name.text);
      field.embedded = name.embedded;
      field.type = id_at_pointer(at, 8);
      field.offset = image_->pointer_at(static_cast<VirtualAddress>(value_of(at) + 16)).value_or(0);
      fields.push_back(std::move(field));
    }
    types_.table.at(id).fields = std::move(fields);
  }

  // Methods are {name, type, function for interface calls, function}, all i32; the linker writes -1 into each
  // of the last three on its own where nothing can reach it (cmd/link/internal/ld/data.go, R_METHODOFF).
  void fill_methods(TypeId id, const Header& header, const Uncommon& uncommon) {
    const ByteView entries = header.bytes.rest(uncommon.position + uncommon.methods);
    std::vector<Method> methods;
    for (std::uint64_t index = 0; index < uncommon.method_count && may_keep_member(); ++index) {
      ByteReader entry(entries.rest(kMethodSize * index));
      Method method;
      method.name = kept(name_at_offset(entry.read<std::uint32_t>()).text);
      method.signature = id_at_offset(entry.read<std::uint32_t>());
      entry.skip(4);
      const auto function = entry.read<std::uint32_t>();
      if (!entry.ok()) {
        break;
      }
      if (function != kNoOffset && function != 0) {
        method.function = static_cast<VirtualAddress>(value_of(module_->text) + function);
      }
      methods.push_back(std::move(method));
    }
    if (header.kind() != GoKind::kInterface) {
      types_.table.at(id).methods = std::move(methods);
    }
  }

  // Shifted offsets put some field beyond the end of its struct; plain ones never do.
  [[nodiscard]] bool has_shifted_offsets() const {
    for (const Type& type : types_.table.types()) {
      for (const Field& field : type.fields) {
        if (field.offset > type.size) {
          return true;
        }
      }
    }
    return false;
  }

  // Go 1.18: runtime/type.go, structfield.offsetAnon is offset << 1 | embedded.
  void shift_offsets_back() {
    for (std::size_t index = 0; index < types_.table.types().size(); ++index) {
      for (Field& field : types_.table.at(static_cast<TypeId>(index)).fields) {
        field.embedded = (field.offset & 1U) != 0;
        field.offset >>= 1U;
      }
    }
  }

  const ElfImage* image_;       // the caller's
  const GoModuleData* module_;  // the caller's
  GoTypes types_;
  std::vector<TypeId> queue_;
  std::size_t member_count_ = 0;
  std::size_t name_bytes_ = 0;
};

}  // namespace

GoTypes read_go_types(const ElfImage& image, const GoModuleData& module, bool may_shift_offsets) {
  return module.has_types ? TypeWalk(image, module).run(may_shift_offsets) : GoTypes{};
}

}  // namespace inspect
