#include "inspect/type_table.hpp"

#include <algorithm>

namespace inspect {

TypeId TypeTable::add(Type type) {
  const auto id = static_cast<TypeId>(types_.size());
  by_name_.emplace(type.name, id);
  if (type.descriptor) {
    by_descriptor_.emplace(value_of(*type.descriptor), id);
  }
  types_.push_back(std::move(type));
  return id;
}

std::vector<TypeId> TypeTable::named(std::string_view name) const {
  std::vector<TypeId> found;
  const auto [first, last] = by_name_.equal_range(std::string(name));
  for (auto entry = first; entry != last; ++entry) {
    found.push_back(entry->second);
  }
  std::ranges::sort(found);
  return found;
}

std::optional<TypeId> TypeTable::at_descriptor(VirtualAddress address) const {
  const auto found = by_descriptor_.find(value_of(address));
  return found == by_descriptor_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace inspect
