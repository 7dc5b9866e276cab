#include "plan/language/go/go_calling_convention.hpp"

#include <algorithm>
#include <optional>

#include "plan/language/value_leaves.hpp"

namespace plan {

using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;
using inspect::TypeTable;

namespace {

constexpr std::uint64_t kWord = 8;

std::uint64_t round_up(std::uint64_t value, std::uint64_t align) {
  return align == 0 ? value : (value + align - 1) / align * align;
}

class Assigner {
 public:
  Assigner(const TypeTable* types, const RegisterSet* registers) : types_(types), registers_(registers) {}

  AbiValue assign(TypeId id) {
    AbiValue value;
    value.type = id;
    const std::optional<std::vector<AbiLeaf>> leaves = leaves_of(*types_, id);
    if (leaves && take_registers(*leaves, value)) {
      value.in_registers = true;
      return value;
    }
    value.stack_offset = take_stack(id);
    return value;
  }

  std::uint64_t take_stack(TypeId id) {
    const Type& type = (*types_)[id];
    const std::uint64_t offset = round_up(stack_, type.align);
    stack_ = offset + type.size;
    return offset;
  }

  void align_stack() { stack_ = round_up(stack_, kWord); }

  void reset_registers() {
    integers_ = 0;
    floats_ = 0;
  }

  [[nodiscard]] std::uint64_t stack_size() const { return stack_; }

 private:
  // All of a value goes to registers or none of it.
  bool take_registers(const std::vector<AbiLeaf>& leaves, AbiValue& value) {
    std::uint8_t integers = integers_;
    std::uint8_t floats = floats_;
    for (AbiLeaf leaf : leaves) {
      leaf.register_number = leaf.is_float ? floats++ : integers++;
      value.leaves.push_back(leaf);
    }
    if (integers > registers_->integers || floats > registers_->floats) {
      value.leaves.clear();
      return false;
    }
    integers_ = integers;
    floats_ = floats;
    return true;
  }

  const TypeTable* types_;        // the caller's
  const RegisterSet* registers_;  // static
  std::uint8_t integers_ = 0;
  std::uint8_t floats_ = 0;
  std::uint64_t stack_ = 0;
};

// cmd/compile/internal/ssagen/abi.go, EmitArgInfo, and internal/abi/symtab.go (TraceArgs...).
class WordLister {
 public:
  explicit WordLister(const TypeTable* types) : types_(types) {}

  bool list(TypeId id, std::uint64_t offset, int depth) {
    if (components_ >= kMostComponents || id == TypeId::kNone) {
      return stop();
    }
    const Type& type = (*types_)[id];
    switch (type.kind) {
      case TypeKind::kString:
      case TypeKind::kInterface:
        return list_words(offset, 2, kWord, depth);
      case TypeKind::kSlice:
        return list_words(offset, 3, kWord, depth);
      case TypeKind::kComplex:
        return list_words(offset, 2, type.size / 2, depth);
      case TypeKind::kStruct:
        return list_struct(type, offset, depth);
      case TypeKind::kArray:
        return list_array(type, offset, depth);
      default:
        return list_word(offset, type.size);
    }
  }

  ExpectedWords take() { return std::move(expected_); }

 private:
  static constexpr int kMostComponents = 10;
  static constexpr int kMostDepth = 5;
  static constexpr std::uint64_t kFirstSpecialOffset = 0xf0;

  bool stop() {
    expected_.complete = false;
    return false;
  }

  bool list_word(std::uint64_t offset, std::uint64_t size) {
    if (components_ >= kMostComponents || offset >= kFirstSpecialOffset) {
      return stop();
    }
    expected_.words.push_back({static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(size)});
    ++components_;
    return true;
  }

  bool list_words(std::uint64_t offset, std::uint64_t count, std::uint64_t size, int depth) {
    if (depth + 1 >= kMostDepth) {
      return stop();
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      if (!list_word(offset + i * size, size)) {
        return false;
      }
    }
    return true;
  }

  bool list_struct(const Type& type, std::uint64_t offset, int depth) {
    if (depth + 1 >= kMostDepth) {
      return stop();
    }
    components_ += type.fields.empty() ? 1 : 0;
    return std::ranges::all_of(type.fields, [&](const inspect::Field& field) {
      return list(field.type, offset + field.offset, depth + 1);
    });
  }

  bool list_array(const Type& type, std::uint64_t offset, int depth) {
    if (depth + 1 >= kMostDepth) {
      return stop();
    }
    components_ += type.length == 0 ? 1 : 0;
    for (std::uint64_t i = 0; i < type.length; ++i) {
      const std::uint64_t size = type.size / type.length;
      if (!list(type.element, offset + i * size, depth + 1)) {
        return false;
      }
    }
    return true;
  }

  const TypeTable* types_;  // the caller's
  ExpectedWords expected_;
  int components_ = 0;
};

}  // namespace

AbiLayout assign_registers(const TypeTable& types, std::span<const TypeId> parameters,
                           std::span<const TypeId> results, const RegisterSet& registers) {
  AbiLayout layout;
  Assigner assigner(&types, &registers);
  for (const TypeId id : parameters) {
    layout.parameters.push_back(assigner.assign(id));
  }
  assigner.align_stack();
  assigner.reset_registers();
  for (const TypeId id : results) {
    layout.results.push_back(assigner.assign(id));
  }
  assigner.align_stack();
  for (AbiValue& value : layout.parameters) {
    if (value.in_registers) {
      value.stack_offset = assigner.take_stack(value.type);
    }
  }
  assigner.align_stack();
  layout.arguments_size = assigner.stack_size();
  return layout;
}

ExpectedWords argument_words_of(const TypeTable& types, const AbiLayout& layout) {
  WordLister lister(&types);
  for (const AbiValue& value : layout.parameters) {
    if (!lister.list(value.type, value.stack_offset, 0)) {
      break;
    }
  }
  return lister.take();
}

}  // namespace plan
