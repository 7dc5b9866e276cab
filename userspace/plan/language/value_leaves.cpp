#include "plan/language/value_leaves.hpp"

#include <algorithm>

namespace plan {

using inspect::Type;
using inspect::TypeId;
using inspect::TypeKind;
using inspect::TypeTable;

namespace {

constexpr std::uint64_t kWord = 8;

// Splits a value into leaves; false where it holds an array of several elements, which never goes to
// registers.
class LeafSplitter {
 public:
  explicit LeafSplitter(const TypeTable* types) : types_(types) {}

  bool split(TypeId id, std::uint64_t offset, int depth = 0) {
    if (id == TypeId::kNone || depth > kMostDepth) {
      return false;
    }
    const Type& type = (*types_)[id];
    switch (type.kind) {
      case TypeKind::kStruct:
        return std::ranges::all_of(type.fields, [&](const inspect::Field& field) {
          return is_empty(field.type) || split(field.type, offset + field.offset, depth + 1);
        });
      case TypeKind::kArray:
        return type.length == 0 || (type.length == 1 && split(type.element, offset, depth + 1));
      case TypeKind::kString:
      case TypeKind::kInterface:
        return words(offset, 2);
      case TypeKind::kSlice:
        return words(offset, 3);
      case TypeKind::kFloat:
        return leaf(offset, type.size, true);
      case TypeKind::kComplex:
        return leaf(offset, type.size / 2, true) && leaf(offset + type.size / 2, type.size / 2, true);
      default:
        return leaf(offset, type.size, false);
    }
  }

  [[nodiscard]] const std::vector<AbiLeaf>& leaves() const { return leaves_; }

 private:
  // No type of a real program is nested so deep; that of a damaged file may contain itself.
  static constexpr int kMostDepth = 64;
  // More leaves than registers never fit; stopping there bounds the work on absurd types.
  static constexpr std::size_t kMostLeaves = 32;

  [[nodiscard]] bool is_empty(TypeId id) const { return id != TypeId::kNone && (*types_)[id].size == 0; }

  bool leaf(std::uint64_t offset, std::uint64_t size, bool is_float) {
    leaves_.push_back({offset, size, is_float, 0});
    return leaves_.size() <= kMostLeaves;
  }

  bool words(std::uint64_t offset, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      leaf(offset + i * kWord, kWord, false);
    }
    return leaves_.size() <= kMostLeaves;
  }

  const TypeTable* types_;  // the caller's
  std::vector<AbiLeaf> leaves_;
};

}  // namespace

std::optional<std::vector<AbiLeaf>> leaves_of(const TypeTable& types, TypeId type) {
  LeafSplitter splitter(&types);
  if (types[type].size == 0 || !splitter.split(type, 0)) {
    return std::nullopt;
  }
  return splitter.leaves();
}

}  // namespace plan
