#include "inspect/go/go_unwind.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "inspect/go/go_module_data.hpp"

namespace inspect {
namespace {

using base::Result;

// A signal handler makes these look as if the interrupted instruction had called them (abi.FuncID_sigpanic,
// FuncID_asyncPreempt, FuncID_debugCallV2).
bool is_injected(std::string_view name) {
  return name == "runtime.asyncPreempt" || name == "runtime.sigpanic" || name == "runtime.debugCallV2";
}

// It moves the stack pointer from one stack to another and takes care that both can be unwound.
bool keeps_both_stacks(std::string_view name) {
  return name == "runtime.cgocallback";
}

}  // namespace

Result<GoUnwind> GoUnwind::read(std::span<const std::byte> file) {
  ASSIGN_OR_RETURN(const ElfImage image, ElfImage::parse(file));
  ASSIGN_OR_RETURN(GoFunctionTable table, GoFunctionTable::find(image));
  ASSIGN_OR_RETURN(const GoModuleData module, GoModuleData::find(image, table));
  return GoUnwind(std::move(table), module.text);
}

std::optional<CodePlace> GoUnwind::at(VirtualAddress instruction) const {
  if (value_of(instruction) < value_of(text_)) {
    return std::nullopt;
  }
  const std::uint64_t offset = value_of(instruction) - value_of(text_);
  const FunctionRecord* record = table_.record_containing(offset);
  if (record == nullptr) {
    return std::nullopt;
  }
  const std::string_view name = table_.name_at(record->name_offset);
  CodePlace place;
  place.entry = static_cast<VirtualAddress>(value_of(text_) + record->entry_offset);
  place.is_top = (record->flags & kTopFrameFlag) != 0;
  place.was_injected = is_injected(name);
  place.is_followable = (record->flags & kWritesSpFlag) == 0 || keeps_both_stacks(name);
  const std::vector<PcValue> deltas = table_.stack_deltas(*record);
  const auto step = std::ranges::upper_bound(deltas, offset - record->entry_offset, {},
                                             [](const PcValue& value) { return std::uint64_t{value.end}; });
  if (step == deltas.end() || step->value < 0) {
    // The outermost function ends the walk whatever its table says.
    return place.is_top ? std::optional(place) : std::nullopt;
  }
  place.stack_delta = static_cast<std::uint32_t>(step->value);
  return place;
}

}  // namespace inspect
