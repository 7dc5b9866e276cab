#include "inspect/go/go_inlining.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>

namespace inspect {
namespace {

// runtime/symtabinl.go, type inlinedCall: 20 bytes before Go 1.20, then 16.
struct InlinedCallLayout {
  std::uint64_t size;
  std::uint64_t name;
  std::uint64_t mark;  // parentPc
};

constexpr InlinedCallLayout kLayoutGo118 = {20, 12, 16};
constexpr InlinedCallLayout kLayoutGo120 = {16, 4, 8};

// What damaged files may cost.
constexpr int kMostNesting = 1000;

std::int32_t innermost_at(std::span<const PcValue> nodes, std::uint64_t offset) {
  const auto step = std::ranges::upper_bound(nodes, offset, {}, &PcValue::end);
  return step == nodes.end() ? -1 : step->value;
}

}  // namespace

GoInlining::GoInlining(const ElfImage& image, const GoFunctionTable& functions, VirtualAddress func_data)
    : functions_(&functions), func_data_(image.bytes_at(func_data)) {}

std::vector<std::uint32_t> GoInlining::callees(const FunctionRecord& caller) const {
  std::vector<std::uint32_t> names;
  const std::optional<std::uint32_t> tree = functions_->func_data(caller, FuncData::kInlineTree);
  if (!tree) {
    return names;
  }
  // The tree does not say how long it is; every call with instructions is the innermost one at some pc.
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

std::vector<InlinedCall> GoInlining::calls(const FunctionRecord& caller) const {
  const std::optional<std::uint32_t> tree = functions_->func_data(caller, FuncData::kInlineTree);
  if (!tree) {
    return {};
  }
  const InlinedCallLayout layout = functions_->since_go_1_20() ? kLayoutGo120 : kLayoutGo118;
  const std::vector<PcValue> nodes = functions_->pc_data(caller, PcData::kInlineTreeIndex);
  std::map<std::int32_t, InlinedCall> calls;
  std::uint64_t begin = 0;
  for (const PcValue& node : nodes) {
    // The call that a call was inlined into is the innermost one at the instruction that stands for it.
    std::int32_t index = node.value;
    for (int nesting = 0; index >= 0 && nesting < kMostNesting; ++nesting) {
      const std::uint64_t at = *tree + layout.size * static_cast<std::uint64_t>(index);
      const auto name = func_data_.at<std::uint32_t>(at + layout.name);
      const auto mark = func_data_.at<std::int32_t>(at + layout.mark);
      if (!name || !mark || *mark < 0) {
        break;
      }
      InlinedCall& call = calls[index];
      call.name = *name;
      call.mark = static_cast<std::uint64_t>(*mark);
      call.body.push_back({begin, node.end});
      index = innermost_at(nodes, call.mark);
    }
    begin = node.end;
  }
  std::vector<InlinedCall> list;
  for (auto& [index, call] : calls) {
    list.push_back(std::move(call));
  }
  return list;
}

}  // namespace inspect
