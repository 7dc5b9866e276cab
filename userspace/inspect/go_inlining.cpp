#include "inspect/go_inlining.hpp"

#include <algorithm>
#include <optional>

namespace inspect {
namespace {

// runtime/symtabinl.go, type inlinedCall: 20 bytes with the name at 12 before Go 1.20, then 16 with the name
// at 4.
struct InlinedCallLayout {
  std::uint64_t size;
  std::uint64_t name;
};

constexpr InlinedCallLayout kLayoutGo118 = {20, 12};
constexpr InlinedCallLayout kLayoutGo120 = {16, 4};

}  // namespace

GoInlining::GoInlining(const ElfImage& image, const GoFunctionTable& functions, VirtualAddress func_data)
    : functions_(&functions), func_data_(image.bytes_at(func_data)) {}

std::vector<std::uint32_t> GoInlining::callees(const FunctionRecord& caller) const {
  std::vector<std::uint32_t> names;
  const std::optional<std::uint32_t> tree = functions_->func_data(caller, FuncData::kInlineTree);
  if (!tree) {
    return names;
  }
  // The tree does not say how long it is; every node is the innermost one at some pc.
  const InlinedCallLayout layout = functions_->since_go_1_20() ? kLayoutGo120 : kLayoutGo118;
  for (const PcValue& node : functions_->pc_data(caller, PcData::kInlineTreeIndex)) {
    if (node.value < 0) {
      continue;
    }
    const std::uint64_t at = *tree + layout.size * static_cast<std::uint64_t>(node.value) + layout.name;
    if (const auto name = func_data_.at<std::uint32_t>(at); name) {
      names.push_back(*name);
    }
  }
  std::ranges::sort(names);
  const auto duplicates = std::ranges::unique(names);
  names.erase(duplicates.begin(), duplicates.end());
  return names;
}

}  // namespace inspect
