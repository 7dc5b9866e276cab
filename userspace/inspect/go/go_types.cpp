#include "inspect/go/go_types.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_reader.hpp"
#include "inspect/go/go_type_descriptor.hpp"

namespace inspect {
namespace {

using base::ByteReader;
using base::ByteView;

// What a hostile file may make us keep. The largest real programs (kubelet, Prometheus) have under 100,000
// types.
constexpr std::size_t kMaxTypes = 500'000;
constexpr std::size_t kMaxMembers = 4'000'000;
constexpr std::size_t kMaxNameBytes = 128ULL * 1024 * 1024;

VirtualAddress operator+(VirtualAddress address, std::uint64_t distance) {
  return static_cast<VirtualAddress>(value_of(address) + distance);
}

class TypeWalk {
 public:
  TypeWalk(const ElfImage& image, const GoModuleData& module)
      : image_(&image), module_(&module), descriptors_(image, module) {}

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
      id_at_offset(links.at<std::uint32_t>(4 * index).value_or(kNoTypeOffset));
    }
  }

  // Go 1.27: runtime/type.go, moduleTypelinks. One word that is no descriptor comes first.
  void seed_from_descriptors() {
    std::uint64_t offset = 8;
    while (offset < module_->descriptors_size) {
      const VirtualAddress address = module_->types + offset;
      const std::optional<TypeDescriptor> descriptor = descriptors_.read(address);
      if (!descriptor) {
        offset += 8;
        continue;
      }
      id_of(value_of(address));
      offset += (descriptors_.extent_of(*descriptor) + 7) / 8 * 8;
    }
  }

  // An itab is {interface type, concrete type, hash u32, pad, a function for each method of the interface}.
  TypeId read_itab(VirtualAddress itab) {
    const TypeId interface = id_at_pointer(itab);
    const TypeId concrete = id_at_pointer(itab + 8);
    if (interface != TypeId::kNone && concrete != TypeId::kNone) {
      types_.itab_types.emplace(value_of(itab), concrete);
    }
    return interface;
  }

  void read_linked_itabs() {
    for (std::uint64_t index = 0; index < module_->itab_links.count && types_.itab_types.size() < kMaxTypes;
         ++index) {
      const auto link = module_->itab_links.address + 8 * index;
      read_itab(static_cast<VirtualAddress>(image_->pointer_at(link).value_or(0)));
    }
  }

  // Go 1.27: one after another, without a table.
  void read_adjacent_itabs() {
    constexpr std::uint64_t kSizeWithoutMethods = 24;
    std::uint64_t offset = 0;
    while (offset < module_->itabs_size) {
      const auto itab = module_->itabs + offset;
      if (read_itab(itab) == TypeId::kNone) {
        offset += 8;
        continue;
      }
      const auto interface = static_cast<VirtualAddress>(image_->pointer_at(itab).value_or(0));
      offset +=
          kSizeWithoutMethods + 8 * std::max<std::uint64_t>(descriptors_.members_of(interface).count, 1);
    }
  }

  void fill_queued() {
    while (!queue_.empty()) {
      const TypeId id = queue_.back();
      queue_.pop_back();
      fill(id);
    }
  }

  TypeId id_at_offset(std::uint32_t offset) {
    return offset == kNoTypeOffset || offset == 0 ? TypeId::kNone
                                                  : id_of(value_of(descriptors_.address_of(offset)));
  }

  TypeId id_at_pointer(VirtualAddress pointer) { return id_of(image_->pointer_at(pointer).value_or(0)); }

  // The type at `address`, known already or new; a new one is filled in later, so that types may refer to
  // each other.
  TypeId id_of(std::uint64_t address) {
    if (!descriptors_.may_lie_at(address)) {
      return TypeId::kNone;
    }
    const std::optional<TypeId> known = types_.table.at_descriptor(static_cast<VirtualAddress>(address));
    if (known) {
      return *known;
    }
    const std::optional<TypeDescriptor> found = descriptors_.read(static_cast<VirtualAddress>(address));
    if (!found || types_.table.types().size() >= kMaxTypes) {
      return TypeId::kNone;
    }
    const TypeId id = types_.table.add(shallow_type(*found));
    queue_.push_back(id);
    return id;
  }

  Type shallow_type(const TypeDescriptor& descriptor) {
    std::string_view name = descriptors_.name_at_offset(descriptor.name).text;
    if (descriptor.has_extra_star() && name.starts_with('*')) {
      name.remove_prefix(1);
    }
    Type type;
    type.kind = descriptor.kind();
    type.name = kept(name);
    type.size = descriptor.size;
    type.align = descriptor.align;
    type.direct_in_interface = descriptor.is_direct_in_interface();
    type.descriptor = descriptor.address;
    return type;
  }

  std::string kept(std::string_view name) {
    name_bytes_ += name.size();
    return name_bytes_ <= kMaxNameBytes ? std::string(name) : std::string();
  }

  bool may_keep_member() { return ++member_count_ <= kMaxMembers; }

  void fill(TypeId id) {
    const VirtualAddress address = types_.table[id].descriptor.value_or(VirtualAddress{});
    const std::optional<TypeDescriptor> descriptor = descriptors_.read(address);
    if (!descriptor) {
      return;
    }
    id_at_offset(descriptor->pointer_to_this);
    fill_kind(id, *descriptor);
    if (const std::optional<UncommonType> uncommon = descriptors_.uncommon_of(*descriptor); uncommon) {
      if (descriptor->is_named()) {
        types_.table.at(id).package = kept(descriptors_.name_at_offset(uncommon->package).text);
      }
      fill_methods(id, *descriptor, *uncommon);
    }
  }

  void fill_kind(TypeId id, const TypeDescriptor& descriptor) {
    switch (descriptor.go_kind()) {
      case GoKind::kArray:
        types_.table.at(id).length = descriptor.bytes.at<std::uint64_t>(64).value_or(0);
        fill_element(id, descriptor.address + 48);
        break;
      case GoKind::kChan:
      case GoKind::kPointer:
      case GoKind::kSlice:
        fill_element(id, descriptor.address + 48);
        break;
      case GoKind::kMap: {
        const TypeId key = id_at_pointer(descriptor.address + 48);
        types_.table.at(id).key = key;
        fill_element(id, descriptor.address + 56);
        break;
      }
      case GoKind::kFunc:
        fill_function(id, descriptor);
        break;
      case GoKind::kInterface:
        fill_interface(id, descriptor.address);
        break;
      case GoKind::kStruct:
        fill_struct(id, descriptor.address);
        break;
      default:
        break;
    }
  }

  void fill_element(TypeId id, VirtualAddress pointer) {
    const TypeId element = id_at_pointer(pointer);
    types_.table.at(id).element = element;
  }

  // The parameters' and results' types follow the descriptor and its uncommon part.
  void fill_function(TypeId id, const TypeDescriptor& descriptor) {
    const ParameterCounts counts = DescriptorReader::parameters_of(descriptor);
    const VirtualAddress first = descriptor.address + (descriptor.has_uncommon() ? 72 : 56);
    std::vector<TypeId> ids;
    for (std::uint64_t index = 0; index < counts.parameters + counts.results && may_keep_member(); ++index) {
      ids.push_back(id_at_pointer(first + 8 * index));
    }
    const std::size_t parameters = std::min<std::size_t>(counts.parameters, ids.size());
    const auto split = ids.begin() + static_cast<std::ptrdiff_t>(parameters);
    Type& type = types_.table.at(id);
    type.parameters.assign(ids.begin(), split);
    type.results.assign(split, ids.end());
    type.variadic = counts.variadic;
  }

  // Methods of an interface are {name i32, type i32}.
  void fill_interface(TypeId id, VirtualAddress descriptor) {
    const GoSlice members = descriptors_.members_of(descriptor);
    const ByteView entries = image_->bytes_at(members.address);
    std::vector<Method> methods;
    for (std::uint64_t index = 0; index < members.count && may_keep_member(); ++index) {
      Method method;
      method.name = kept(descriptors_.name_at_offset(entries.at<std::uint32_t>(8 * index).value_or(0)).text);
      method.signature = id_at_offset(entries.at<std::uint32_t>(8 * index + 4).value_or(kNoTypeOffset));
      methods.push_back(std::move(method));
    }
    Type& type = types_.table.at(id);
    type.empty_interface = members.count == 0;
    type.methods = std::move(methods);
  }

  // Fields are {name*, type*, offset}.
  void fill_struct(TypeId id, VirtualAddress descriptor) {
    const GoSlice members = descriptors_.members_of(descriptor);
    std::vector<Field> fields;
    for (std::uint64_t index = 0; index < members.count && may_keep_member(); ++index) {
      const VirtualAddress at = members.address + 24 * index;
      const DescriptorName name = descriptors_.name_at_pointer(at);
      Field field;
      field.name = kept(name.text);
      field.embedded = name.embedded;
      field.type = id_at_pointer(at + 8);
      field.offset = image_->pointer_at(at + 16).value_or(0);
      fields.push_back(std::move(field));
    }
    types_.table.at(id).fields = std::move(fields);
  }

  // Methods are {name, type, function for interface calls, function}, all i32; the linker writes -1 into each
  // of the last three on its own where nothing can reach it (cmd/link/internal/ld/data.go, R_METHODOFF).
  void fill_methods(TypeId id, const TypeDescriptor& descriptor, const UncommonType& uncommon) {
    const ByteView entries = descriptor.bytes.rest(uncommon.position + uncommon.methods);
    std::vector<Method> methods;
    for (std::uint64_t index = 0; index < uncommon.method_count && may_keep_member(); ++index) {
      ByteReader entry(entries.rest(16 * index));
      Method method;
      method.name = kept(descriptors_.name_at_offset(entry.read<std::uint32_t>()).text);
      method.signature = id_at_offset(entry.read<std::uint32_t>());
      entry.skip(4);
      const auto function = entry.read<std::uint32_t>();
      if (!entry.ok()) {
        break;
      }
      if (function != kNoTypeOffset && function != 0) {
        method.function = module_->text + function;
      }
      methods.push_back(std::move(method));
    }
    if (descriptor.go_kind() != GoKind::kInterface) {
      types_.table.at(id).methods = std::move(methods);
    }
  }

  // Shifted offsets put some field beyond the end of its struct; plain ones never do.
  [[nodiscard]] bool has_shifted_offsets() const {
    for (const Type& type : types_.table.types()) {
      for (const Field& field : type.fields) {
        const std::uint64_t size = field.type == TypeId::kNone ? 0 : types_.table[field.type].size;
        if (field.offset > type.size || size > type.size - field.offset) {
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
  DescriptorReader descriptors_;
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
