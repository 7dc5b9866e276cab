// Go types as plain data, whether read from runtime metadata, from DWARF, or made from a written signature.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace inspect {

// An address as the linker wrote it (before the load bias of a position-independent executable).
enum class VirtualAddress : std::uint64_t {};
enum class FileOffset : std::uint64_t {};

[[nodiscard]] constexpr std::uint64_t value_of(VirtualAddress address) {
  return static_cast<std::uint64_t>(address);
}

[[nodiscard]] constexpr std::uint64_t value_of(FileOffset offset) {
  return static_cast<std::uint64_t>(offset);
}

// Index into TypeTable::types().
enum class TypeId : std::uint32_t { kNone = 0xffffffff };

enum class TypeKind : std::uint8_t {
  kBool,
  kInt,
  kUint,
  kFloat,
  kComplex,
  kString,
  kPointer,
  kUnsafePointer,
  kSlice,
  kArray,
  kMap,
  kChan,
  kFunc,
  kInterface,
  kStruct,
};

struct Field {
  std::string name;
  TypeId type = TypeId::kNone;
  std::uint64_t offset = 0;
  bool embedded = false;
};

struct Method {
  std::string name;
  TypeId signature = TypeId::kNone;  // a kFunc type without the receiver; kNone where the linker dropped it
  std::optional<VirtualAddress> function;
};

struct Type {
  TypeKind kind = TypeKind::kStruct;
  std::string name;     // as the metadata prints it: "*logicv1.SendMessageResponse", "[]string"
  std::string package;  // full import path of a named type, else ""
  std::uint64_t size = 0;
  std::uint64_t align = 1;
  TypeId element = TypeId::kNone;  // of pointer, slice, array, map (the value), chan
  TypeId key = TypeId::kNone;      // of map
  std::uint64_t length = 0;        // of array
  std::vector<Field> fields;       // of struct
  std::vector<TypeId> parameters;  // of func
  std::vector<TypeId> results;     // of func
  bool variadic = false;           // of func
  std::vector<Method> methods;
  bool empty_interface = false;      // of interface: no methods, so its first word is the type, not an itab
  bool direct_in_interface = false;  // an interface's data word is the value itself, not a pointer to it
  // Of the runtime descriptor; none for types from DWARF or a signature. Interface contents compare against
  // it.
  std::optional<VirtualAddress> descriptor;
};

class TypeTable {
 public:
  TypeId add(Type type);

  [[nodiscard]] const Type& operator[](TypeId id) const { return types_[static_cast<std::uint32_t>(id)]; }

  [[nodiscard]] Type& at(TypeId id) { return types_[static_cast<std::uint32_t>(id)]; }

  [[nodiscard]] const std::vector<Type>& types() const { return types_; }

  // All types whose printed name is `name` ("runtime.g", "*mq.coreMessage"): several packages can share a
  // name.
  [[nodiscard]] std::vector<TypeId> named(std::string_view name) const;
  [[nodiscard]] std::optional<TypeId> at_descriptor(VirtualAddress address) const;

 private:
  std::vector<Type> types_;
  std::unordered_multimap<std::string, TypeId> by_name_;
  std::unordered_map<std::uint64_t, TypeId> by_descriptor_;
};

}  // namespace inspect
