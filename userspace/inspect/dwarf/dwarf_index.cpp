#include "inspect/dwarf/dwarf_index.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "inspect/dwarf/debug_elf.hpp"
#include "inspect/dwarf/known_types.hpp"
#include "inspect/go/go_type_name.hpp"

namespace inspect {
namespace {

// cmd/internal/dwarf/dwarf.go, of every Go version.
constexpr unsigned kGoKind = 0x2900;
constexpr unsigned kGoKey = 0x2901;
constexpr unsigned kGoElement = 0x2902;
constexpr unsigned kGoPackageName = 0x2905;
constexpr unsigned kGoClosureOffset = 0x2907;  // since Go 1.23

// What damaged debug information may cost.
constexpr std::size_t kMaxVisitedEntries = 20'000'000;
constexpr std::size_t kMaxTypes = 200'000;
constexpr std::size_t kMaxMembers = 20'000;
constexpr int kMaxNesting = 64;
constexpr std::uint64_t kMaxClosureSize = 65'536;

struct ElfEnd {
  void operator()(Elf* elf) const { elf_end(elf); }
};

struct DwarfEnd {
  void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
};

std::optional<Dwarf_Word> number_of(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute memory;
  Dwarf_Word value = 0;
  if (dwarf_formudata(dwarf_attr_integrate(&die, attribute, &memory), &value) != 0) {
    return std::nullopt;
  }
  return value;
}

std::string text_of(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute memory;
  const char* text = dwarf_formstring(dwarf_attr_integrate(&die, attribute, &memory));
  return text == nullptr ? std::string() : std::string(text);
}

std::optional<Dwarf_Die> target_of(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute memory;
  Dwarf_Die target;
  if (dwarf_formref_die(dwarf_attr_integrate(&die, attribute, &memory), &target) == nullptr) {
    return std::nullopt;
  }
  return target;
}

bool is_flag_set(Dwarf_Die& die, unsigned attribute) {
  Dwarf_Attribute memory;
  bool value = false;
  return dwarf_formflag(dwarf_attr_integrate(&die, attribute, &memory), &value) == 0 && value;
}

template <class Visit>
void for_each_child(Dwarf_Die& parent, Visit visit) {
  Dwarf_Die child;
  if (dwarf_child(&parent, &child) != 0) {
    return;
  }
  for (std::size_t visited = 0; visited < kMaxVisitedEntries; ++visited) {
    visit(child);
    if (dwarf_siblingof(&child, &child) != 0) {
      return;
    }
  }
}

// internal/abi/type.go, Kind: what DW_AT_go_kind holds.
TypeKind kind_of_go(Dwarf_Word go_kind) {
  switch (go_kind) {
    case 1:
      return TypeKind::kBool;
    case 13:
    case 14:
      return TypeKind::kFloat;
    case 15:
    case 16:
      return TypeKind::kComplex;
    case 17:
      return TypeKind::kArray;
    case 18:
      return TypeKind::kChan;
    case 19:
      return TypeKind::kFunc;
    case 20:
      return TypeKind::kInterface;
    case 21:
      return TypeKind::kMap;
    case 22:
      return TypeKind::kPointer;
    case 23:
      return TypeKind::kSlice;
    case 24:
      return TypeKind::kString;
    case 25:
      return TypeKind::kStruct;
    case 26:
      return TypeKind::kUnsafePointer;
    default:
      return go_kind <= 6 ? TypeKind::kInt : TypeKind::kUint;
  }
}

TypeKind kind_of_base_type(Dwarf_Word encoding) {
  switch (encoding) {
    case DW_ATE_boolean:
      return TypeKind::kBool;
    case DW_ATE_float:
      return TypeKind::kFloat;
    case DW_ATE_complex_float:
      return TypeKind::kComplex;
    case DW_ATE_signed:
    case DW_ATE_signed_char:
      return TypeKind::kInt;
    default:
      return TypeKind::kUint;
  }
}

// Types of languages other than Go, by tag.
TypeKind kind_of_tag(Dwarf_Die& die) {
  switch (dwarf_tag(&die)) {
    case DW_TAG_base_type:
      return kind_of_base_type(number_of(die, DW_AT_encoding).value_or(0));
    case DW_TAG_enumeration_type:
      return TypeKind::kInt;
    case DW_TAG_array_type:
      return TypeKind::kArray;
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type:
      return TypeKind::kPointer;
    case DW_TAG_subroutine_type:
      return TypeKind::kFunc;
    default:
      return TypeKind::kStruct;
  }
}

bool is_another_name(Dwarf_Die& die) {
  switch (dwarf_tag(&die)) {
    case DW_TAG_typedef:
      return !number_of(die, kGoKind);
    case DW_TAG_const_type:
    case DW_TAG_volatile_type:
    case DW_TAG_restrict_type:
    case DW_TAG_atomic_type:
      return true;
    default:
      return false;
  }
}

// Turns type entries into Types, each once. Members of structs wait in a queue, so that types may refer to
// each other.
class TypeConverter {
 public:
  TypeConverter(TypeTable& table, PackageNames packages)
      : table_(&table), packages_(std::move(packages)), known_(table) {}

  TypeId id_of_type_of(Dwarf_Die& die, unsigned attribute = DW_AT_type) {
    std::optional<Dwarf_Die> type = target_of(die, attribute);
    return type ? id_of(*type, 0) : TypeId::kNone;
  }

  void fill_queued() {
    while (!queue_.empty()) {
      auto [id, die] = queue_.back();
      queue_.pop_back();
      fill_struct(id, die);
    }
  }

 private:
  TypeId id_of(Dwarf_Die& die, int nesting) {
    const Dwarf_Off offset = dwarf_dieoffset(&die);
    // kNone while the entry is worked on ends a circle of entries that name each other.
    const auto [place, is_new] = ids_.emplace(offset, TypeId::kNone);
    if (!is_new || nesting > kMaxNesting || ids_.size() > kMaxTypes) {
      return place->second;
    }
    const TypeId id = is_another_name(die) ? element_of(die, DW_AT_type, nesting) : converted(die, nesting);
    ids_[offset] = id;
    return id;
  }

  TypeId element_of(Dwarf_Die& die, unsigned attribute, int nesting) {
    std::optional<Dwarf_Die> element = target_of(die, attribute);
    return element ? id_of(*element, nesting + 1) : TypeId::kNone;
  }

  TypeId converted(Dwarf_Die& die, int nesting) {
    const std::optional<Dwarf_Word> go_kind = number_of(die, kGoKind);
    const std::string name = text_of(die, DW_AT_name);
    const bool is_named = go_kind && !name.empty() && !is_composite_name(name) &&
                          !name.starts_with("struct {") && !name.starts_with("func(");
    const QualifiedName qualified = is_named ? split_qualified_name(name) : QualifiedName{"", name};
    if (const TypeId known = is_named ? known_.named(qualified) : TypeId::kNone; known != TypeId::kNone) {
      return known;
    }
    Type type;
    type.kind = go_kind ? kind_of_go(*go_kind) : kind_of_tag(die);
    type.package = qualified.package;
    type.name = is_named ? displayed(qualified, packages_) : name;
    type.size = size_of(die, type.kind);
    type.align = std::clamp<std::uint64_t>(type.size, 1, 8);
    fill_parts(type, die, nesting);
    if (const TypeId known = is_named ? TypeId::kNone : known_.composite(type); known != TypeId::kNone) {
      return known;
    }
    if (go_kind && !is_named) {
      type.name = composite_name(type, name);
    }
    const bool is_struct = type.kind == TypeKind::kStruct;
    const TypeId id = table_->add(std::move(type));
    if (is_struct) {
      queue_.emplace_back(id, die);
    }
    return id;
  }

  static std::uint64_t size_of(Dwarf_Die& die, TypeKind kind) {
    switch (kind) {
      case TypeKind::kPointer:
      case TypeKind::kUnsafePointer:
      case TypeKind::kMap:
      case TypeKind::kChan:
      case TypeKind::kFunc:
        return 8;
      case TypeKind::kInterface:
      case TypeKind::kString:
        return 16;
      case TypeKind::kSlice:
        return 24;
      default:
        return number_of(die, DW_AT_byte_size).value_or(0);
    }
  }

  void fill_parts(Type& type, Dwarf_Die& die, int nesting) {
    switch (type.kind) {
      case TypeKind::kPointer:
        type.element = element_of(die, DW_AT_type, nesting);
        type.direct_in_interface = true;
        break;
      case TypeKind::kSlice:
        type.element = element_of(die, kGoElement, nesting);
        type.align = 8;
        break;
      case TypeKind::kChan:
        type.element = element_of(die, kGoElement, nesting);
        type.direct_in_interface = true;
        break;
      case TypeKind::kMap:
        type.key = element_of(die, kGoKey, nesting);
        type.element = element_of(die, kGoElement, nesting);
        type.direct_in_interface = true;
        break;
      case TypeKind::kArray:
        fill_array(type, die, nesting);
        break;
      case TypeKind::kFunc:
      case TypeKind::kUnsafePointer:
        type.direct_in_interface = true;
        break;
      case TypeKind::kInterface:
        type.empty_interface = is_empty_interface(die);
        break;
      default:
        break;
    }
  }

  void fill_array(Type& type, Dwarf_Die& die, int nesting) {
    type.element = element_of(die, DW_AT_type, nesting);
    for_each_child(die, [&type](Dwarf_Die& child) {
      if (const std::optional<Dwarf_Word> count = number_of(child, DW_AT_count); count) {
        type.length = *count;
      } else if (const std::optional<Dwarf_Word> last = number_of(child, DW_AT_upper_bound); last) {
        type.length = *last + 1;
      }
    });
    if (type.element != TypeId::kNone) {
      const Type& element = (*table_)[type.element];
      type.align = element.align;
      type.size = type.size != 0 ? type.size : type.length * element.size;
    }
  }

  // An interface is a typedef of runtime.eface (without methods) or runtime.iface.
  static bool is_empty_interface(Dwarf_Die& die) {
    std::optional<Dwarf_Die> layout = target_of(die, DW_AT_type);
    return layout && text_of(*layout, DW_AT_name) == "runtime.eface";
  }

  [[nodiscard]] std::string name_of(TypeId id) const {
    return id == TypeId::kNone ? "?" : (*table_)[id].name;
  }

  // The runtime's metadata prints the parts' display names.
  [[nodiscard]] std::string composite_name(const Type& type, const std::string& dwarf_name) const {
    switch (type.kind) {
      case TypeKind::kPointer:
        return "*" + name_of(type.element);
      case TypeKind::kSlice:
        return "[]" + name_of(type.element);
      case TypeKind::kArray:
        return fmt::format("[{}]{}", type.length, name_of(type.element));
      case TypeKind::kMap:
        return fmt::format("map[{}]{}", name_of(type.key), name_of(type.element));
      case TypeKind::kChan:
        return dwarf_name.substr(0, dwarf_name.find(' ') + 1) + name_of(type.element);
      default:
        return dwarf_name;
    }
  }

  void fill_struct(TypeId id, Dwarf_Die& die) {
    std::vector<Field> fields;
    for_each_child(die, [this, &fields](Dwarf_Die& child) {
      if (dwarf_tag(&child) != DW_TAG_member || fields.size() >= kMaxMembers) {
        return;
      }
      Field field;
      field.name = text_of(child, DW_AT_name);
      field.type = id_of_type_of(child);
      field.offset = number_of(child, DW_AT_data_member_location).value_or(0);
      field.embedded = is_flag_set(child, kGoEmbedded);
      fields.push_back(std::move(field));
    });
    std::uint64_t align = 1;
    for (const Field& field : fields) {
      align = std::max(align, field.type == TypeId::kNone ? 1 : (*table_)[field.type].align);
    }
    Type& type = table_->at(id);
    type.align = align;
    type.fields = std::move(fields);
  }

  static constexpr unsigned kGoEmbedded = 0x2903;

  TypeTable* table_;  // the caller's
  PackageNames packages_;
  KnownTypes known_;
  std::unordered_map<Dwarf_Off, TypeId> ids_;
  std::vector<std::pair<TypeId, Dwarf_Die>> queue_;
};

class SignatureReader {
 public:
  SignatureReader(Dwarf* dwarf, BinaryFacts& facts) : dwarf_(dwarf), facts_(&facts) {
    for (const auto& [index, details] : facts.details) {
      wanted_.emplace(value_of(facts.functions[index].entry), index);
    }
  }

  void read() {
    const std::vector<Dwarf_Die> units = units_with_wanted();
    TypeConverter converter(facts_->types, std::move(packages_));
    for (Dwarf_Die unit : units) {
      for_each_child(unit, [this, &converter](Dwarf_Die& child) { read_function(child, converter); });
    }
    converter.fill_queued();
  }

 private:
  // Also learns the name of each package: only the units have it.
  std::vector<Dwarf_Die> units_with_wanted() {
    std::vector<Dwarf_Die> units;
    Dwarf_CU* unit = nullptr;
    std::uint8_t unit_type = 0;
    Dwarf_Die die;
    while (dwarf_get_units(dwarf_, unit, &unit, nullptr, &unit_type, &die, nullptr) == 0) {
      if (unit_type != DW_UT_compile && unit_type != DW_UT_partial) {
        continue;
      }
      if (std::string package = text_of(die, kGoPackageName); !package.empty()) {
        packages_.emplace(text_of(die, DW_AT_name), std::move(package));
      }
      if (holds_wanted(die)) {
        units.push_back(die);
      }
    }
    return units;
  }

  [[nodiscard]] bool holds_wanted(Dwarf_Die& unit) const {
    Dwarf_Addr base = 0;
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    std::ptrdiff_t at = 0;
    for (std::size_t visited = 0; visited < kMaxMembers; ++visited) {
      at = dwarf_ranges(&unit, at, &base, &start, &end);
      if (at <= 0) {
        return false;
      }
      if (const auto next = wanted_.lower_bound(start); next != wanted_.end() && next->first < end) {
        return true;
      }
    }
    return true;
  }

  void read_function(Dwarf_Die& function, TypeConverter& converter) {
    Dwarf_Addr entry = 0;
    if (dwarf_tag(&function) != DW_TAG_subprogram || dwarf_lowpc(&function, &entry) != 0) {
      return;
    }
    const auto [first, last] = wanted_.equal_range(entry);
    if (first == last) {
      return;
    }
    const DebugSignature signature = signature_of(function, converter);
    for (auto place = first; place != last; ++place) {
      facts_->details[place->second].debug_signature = signature;
    }
  }

  // A function that is inlined somewhere has its declaration, with all parameters, in an entry of its own.
  static DebugSignature signature_of(Dwarf_Die& function, TypeConverter& converter) {
    DebugSignature signature = parameters_of(function, converter);
    if (std::optional<Dwarf_Die> origin = target_of(function, DW_AT_abstract_origin); origin) {
      DebugSignature declared = parameters_of(*origin, converter);
      if (declared.parameters.size() + declared.results.size() >
          signature.parameters.size() + signature.results.size()) {
        return declared;
      }
    }
    return signature;
  }

  static DebugSignature parameters_of(Dwarf_Die& function, TypeConverter& converter) {
    DebugSignature signature;
    for_each_child(function, [&signature, &converter](Dwarf_Die& child) {
      if (dwarf_tag(&child) == DW_TAG_variable) {
        add_captured(child, signature, converter);
      }
      if (dwarf_tag(&child) != DW_TAG_formal_parameter) {
        return;
      }
      NamedParameter parameter;
      parameter.name = text_of(child, DW_AT_name);
      std::vector<NamedParameter>& list =
          is_flag_set(child, DW_AT_variable_parameter) ? signature.results : signature.parameters;
      // ".dict" is the dictionary of a generic function. golang/go #51725: some parameters are listed twice.
      const bool is_repeated = parameter.name != "_" && !parameter.name.empty() &&
                               std::ranges::find(list, parameter.name, &NamedParameter::name) != list.end();
      if (!parameter.name.starts_with('.') && !is_repeated && list.size() < kMaxMembers) {
        parameter.type = converter.id_of_type_of(child);
        list.push_back(std::move(parameter));
      }
    });
    if (const TypeId result = converter.id_of_type_of(function); result != TypeId::kNone) {
      signature.results.push_back({"", result});  // C: a function has one result, without a name
    }
    return signature;
  }

  static void add_captured(Dwarf_Die& variable, DebugSignature& signature, TypeConverter& converter) {
    const std::optional<Dwarf_Word> offset = number_of(variable, kGoClosureOffset);
    std::string name = text_of(variable, DW_AT_name);
    const bool is_of_the_compiler = name.empty() || name.starts_with('.');
    if (offset && *offset < kMaxClosureSize && !is_of_the_compiler &&
        signature.captured.size() < kMaxMembers) {
      signature.captured.push_back({std::move(name), converter.id_of_type_of(variable), *offset});
    }
  }

  Dwarf* dwarf_;        // the caller's
  BinaryFacts* facts_;  // the caller's
  std::multimap<std::uint64_t, std::uint32_t> wanted_;
  PackageNames packages_;
};

}  // namespace

void add_debug_signatures(const ElfImage& image, BinaryFacts& facts) {
  if (!facts.has_dwarf || facts.details.empty()) {
    return;
  }
  std::vector<std::byte> file = copy_debug_sections(image);
  elf_version(EV_CURRENT);
  const std::unique_ptr<Elf, ElfEnd> elf(elf_memory(reinterpret_cast<char*>(file.data()), file.size()));
  const std::unique_ptr<Dwarf, DwarfEnd> dwarf(dwarf_begin_elf(elf.get(), DWARF_C_READ, nullptr));
  if (dwarf) {
    SignatureReader(dwarf.get(), facts).read();
  }
}

}  // namespace inspect
