// BinaryFacts by hand: types laid out as Go does, functions with sites, and what the runtime always has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "inspect/binary_facts.hpp"

namespace support {

using inspect::TypeId;
using inspect::TypeKind;

class FactsBuilder {
 public:
  FactsBuilder() {
    facts_.runtime = inspect::Runtime::kGo;
    facts_.go_version = "go1.25.4";
    inspect::Segment text;
    text.address = inspect::VirtualAddress{0x400000};
    text.file_size = text.memory_size = 0x1000000;
    text.executable = true;
    facts_.segments.push_back(text);
    boolean = basic("bool", TypeKind::kBool, 1);
    integer = basic("int", TypeKind::kInt, 8);
    int8 = basic("int8", TypeKind::kInt, 1);
    int32 = basic("int32", TypeKind::kInt, 4);
    int64 = basic("int64", TypeKind::kInt, 8);
    uint8 = basic("uint8", TypeKind::kUint, 1);
    uint16 = basic("uint16", TypeKind::kUint, 2);
    uint32 = basic("uint32", TypeKind::kUint, 4);
    uint64 = basic("uint64", TypeKind::kUint, 8);
    word = basic("uintptr", TypeKind::kUint, 8);
    float64 = basic("float64", TypeKind::kFloat, 8);
    unsafe_pointer = basic("unsafe.Pointer", TypeKind::kUnsafePointer, 8);
    string = basic("string", TypeKind::kString, 16);
    any = interface("", "interface {}", {});
    error = interface("", "error", {"Error"});
    context = interface("context", "context.Context", {"Deadline", "Done", "Err", "Value"});
    add_runtime();
  }

  TypeId basic(const std::string& name, TypeKind kind, std::uint64_t size, const std::string& package = "") {
    inspect::Type type;
    type.kind = kind;
    type.name = name;
    type.package = package;
    type.size = size;
    type.align = std::min<std::uint64_t>(size, 8);
    return add(std::move(type));
  }

  TypeId interface(const std::string& package, const std::string& name,
                   std::initializer_list<const char*> methods) {
    inspect::Type type;
    type.kind = TypeKind::kInterface;
    type.name = name;
    type.package = package;
    type.size = 16;
    type.align = 8;
    for (const char* method : methods) {
      type.methods.push_back({method, TypeId::kNone, std::nullopt});
    }
    type.empty_interface = type.methods.empty();
    return add(std::move(type));
  }

  struct FieldOf {
    const char* name;
    TypeId type;
    bool embedded = false;
  };

  // Fields one after another, aligned.
  TypeId structure(const std::string& package, const std::string& name,
                   std::initializer_list<FieldOf> fields) {
    inspect::Type type;
    type.kind = TypeKind::kStruct;
    type.name = name;
    type.package = package;
    for (const FieldOf& field : fields) {
      const inspect::Type& of = facts_.types[field.type];
      type.size = round_up(type.size, of.align);
      type.fields.push_back({field.name, field.type, type.size, field.embedded});
      type.size += of.size;
      type.align = std::max(type.align, of.align);
    }
    type.size = round_up(type.size, type.align);
    const bool is_pointer = type.fields.size() == 1 && facts_.types[type.fields[0].type].direct_in_interface;
    type.direct_in_interface = is_pointer;
    return add(std::move(type));
  }

  // Bytes of which nothing is known.
  TypeId padding(std::uint64_t size) { return array(uint8, size); }

  TypeId pointer(TypeId element) {
    for (std::size_t i = 0; i < facts_.types.types().size(); ++i) {
      const inspect::Type& type = facts_.types.types()[i];
      if (type.kind == TypeKind::kPointer && type.element == element) {
        return static_cast<TypeId>(i);
      }
    }
    return word_type(TypeKind::kPointer, "*" + facts_.types[element].name, element);
  }

  TypeId map(TypeId key, TypeId value) {
    const TypeId id = word_type(TypeKind::kMap, "map[" + name_of(key) + "]" + name_of(value), value);
    facts_.types.at(id).key = key;
    return id;
  }

  TypeId chan(TypeId element) { return word_type(TypeKind::kChan, "chan " + name_of(element), element); }

  TypeId slice(TypeId element) {
    inspect::Type type;
    type.kind = TypeKind::kSlice;
    type.name = "[]" + name_of(element);
    type.size = 24;
    type.align = 8;
    type.element = element;
    return add(std::move(type));
  }

  TypeId array(TypeId element, std::uint64_t length) {
    inspect::Type type;
    type.kind = TypeKind::kArray;
    type.name = "[" + std::to_string(length) + "]" + name_of(element);
    type.size = length * facts_.types[element].size;
    type.align = facts_.types[element].align;
    type.element = element;
    type.length = length;
    return add(std::move(type));
  }

  TypeId function_type(std::vector<TypeId> parameters, std::vector<TypeId> results) {
    const TypeId id = word_type(TypeKind::kFunc, "func", TypeId::kNone);
    facts_.types.at(id).parameters = std::move(parameters);
    facts_.types.at(id).results = std::move(results);
    return id;
  }

  void method(TypeId receiver, const std::string& name, std::vector<TypeId> parameters,
              std::vector<TypeId> results) {
    const TypeId signature = function_type(std::move(parameters), std::move(results));
    facts_.types.at(receiver).methods.push_back({name, signature, std::nullopt});
  }

  void method_without_signature(TypeId receiver, const std::string& name) {
    facts_.types.at(receiver).methods.push_back({name, TypeId::kNone, std::nullopt});
  }

  // `concrete` is held by some interface with methods; the itab's address.
  std::uint64_t itab(TypeId concrete) {
    const std::uint64_t address = 0x700000 + facts_.itab_types.size() * 0x40;
    facts_.itab_types.emplace(address, concrete);
    return address;
  }

  // Entry at its address + 4, RETs at + 0x20, + 0x21, ... Its index.
  std::uint32_t function(const std::string& name, std::int32_t arguments_size = -1, int returns = 1) {
    inspect::Function function;
    function.name = name;
    const std::uint64_t address = 0x400000 + facts_.functions.size() * 0x100;
    function.entry = inspect::VirtualAddress{address};
    function.size = 0x100;
    function.arguments_size = arguments_size;
    inspect::FunctionDetails details;
    details.entry_site = inspect::VirtualAddress{address + 4};
    details.entry_instruction = "push rbp";
    for (int i = 0; i < returns; ++i) {
      details.return_sites.push_back(inspect::VirtualAddress{address + 0x20 + static_cast<std::uint64_t>(i)});
    }
    const auto index = static_cast<std::uint32_t>(facts_.functions.size());
    facts_.functions.push_back(std::move(function));
    facts_.details.emplace(index, std::move(details));
    return index;
  }

  inspect::FunctionDetails& details(std::uint32_t index) { return facts_.details.at(index); }

  inspect::BinaryFacts& facts() { return facts_; }

  inspect::Type& type(TypeId id) { return facts_.types.at(id); }

  [[nodiscard]] std::uint64_t descriptor(TypeId id) const { return value_of(*facts_.types[id].descriptor); }

  [[nodiscard]] std::string name_of(TypeId id) const { return facts_.types[id].name; }

  TypeId boolean, integer, int8, int32, int64, uint8, uint16, uint32, uint64, word, float64, unsafe_pointer,
      string, any, error, context;

 private:
  static std::uint64_t round_up(std::uint64_t value, std::uint64_t align) {
    return (value + align - 1) / align * align;
  }

  TypeId add(inspect::Type type) {
    type.descriptor = inspect::VirtualAddress{0x600000 + facts_.types.types().size() * 0x100};
    return facts_.types.add(std::move(type));
  }

  TypeId word_type(TypeKind kind, std::string name, TypeId element) {
    inspect::Type type;
    type.kind = kind;
    type.name = std::move(name);
    type.size = 8;
    type.align = 8;
    type.element = element;
    type.direct_in_interface = true;
    return add(std::move(type));
  }

  // The fields that matter, where Go 1.25 has them.
  void add_runtime() {
    const TypeId stack = structure("runtime", "runtime.stack", {{"lo", word}, {"hi", word}});
    const TypeId panic = structure("runtime", "runtime._panic",
                                   {{"argp", word},
                                    {"arg", any},
                                    {"link", word},
                                    {"startPC", word},
                                    {"startSP", word},
                                    {"sp", word},
                                    {"lr", word},
                                    {"fp", word},
                                    {"retpc", word}});
    structure("runtime", "runtime.g",
              {{"stack", stack},
               {"stackguard0", word},
               {"stackguard1", word},
               {"_panic", pointer(panic)},
               {"between", padding(112)},
               {"goid", uint64}});
    structure("runtime", "runtime.hchan", {{"qcount", word}, {"dataqsiz", word}});
    function("runtime.recovery", 8);
    function("runtime.Goexit", 0);
  }

  inspect::BinaryFacts facts_;
};

}  // namespace support
