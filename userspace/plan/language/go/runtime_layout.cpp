#include "plan/language/go/runtime_layout.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "plan/match/match_functions.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;
using inspect::Field;
using inspect::Type;

namespace {

const Field* field_of(const TypeLookup& lookup, const char* type_name, const char* name) {
  for (const inspect::TypeId id : lookup.types().named(type_name)) {
    const auto found = std::ranges::find(lookup[id].fields, name, &Field::name);
    if (found != lookup[id].fields.end()) {
      return &*found;
    }
  }
  return nullptr;
}

Result<std::uint16_t> offset_of(const TypeLookup& lookup, const char* type_name, const char* name) {
  const Field* field = field_of(lookup, type_name, name);
  if (field == nullptr) {
    return fail(ErrorCode::kNotFound, "{}.{} is not in the binary's type metadata", type_name, name);
  }
  return static_cast<std::uint16_t>(field->offset);
}

// func recovery(gp *g) resumes the frame that deferred the recovering call. Since Go 1.22 gp._panic says
// which (runtime/panic.go: p.retpc, p.sp), before that gp.sigcode0 is its stack pointer.
Result<UnwindHook> recovery_hook(const TypeLookup& lookup) {
  UnwindHook hook;
  hook.kind = UnwindHook::Kind::kRecovery;
  hook.through_panic = field_of(lookup, "runtime._panic", "retpc") != nullptr;
  if (hook.through_panic) {
    ASSIGN_OR_RETURN(hook.panic_offset, offset_of(lookup, "runtime.g", "_panic"));
    ASSIGN_OR_RETURN(hook.sp_offset, offset_of(lookup, "runtime._panic", "sp"));
  } else {
    ASSIGN_OR_RETURN(hook.sp_offset, offset_of(lookup, "runtime.g", "sigcode0"));
  }
  return hook;
}

Result<StackLayout> read_stack_layout(const TypeLookup& lookup) {
  StackLayout layout;
  ASSIGN_OR_RETURN(layout.goid, offset_of(lookup, "runtime.g", "goid"));
  ASSIGN_OR_RETURN(const std::uint16_t stack, offset_of(lookup, "runtime.g", "stack"));
  ASSIGN_OR_RETURN(const std::uint16_t low, offset_of(lookup, "runtime.stack", "lo"));
  ASSIGN_OR_RETURN(const std::uint16_t high, offset_of(lookup, "runtime.stack", "hi"));
  ASSIGN_OR_RETURN(layout.status, offset_of(lookup, "runtime.g", "atomicstatus"));
  ASSIGN_OR_RETURN(const std::uint16_t sched, offset_of(lookup, "runtime.g", "sched"));
  ASSIGN_OR_RETURN(const std::uint16_t sp, offset_of(lookup, "runtime.gobuf", "sp"));
  ASSIGN_OR_RETURN(const std::uint16_t pc, offset_of(lookup, "runtime.gobuf", "pc"));
  ASSIGN_OR_RETURN(layout.syscall_sp, offset_of(lookup, "runtime.g", "syscallsp"));
  ASSIGN_OR_RETURN(layout.syscall_pc, offset_of(lookup, "runtime.g", "syscallpc"));
  layout.stack_lo = static_cast<std::uint16_t>(stack + low);
  layout.stack_hi = static_cast<std::uint16_t>(stack + high);
  layout.sched_sp = static_cast<std::uint16_t>(sched + sp);
  layout.sched_pc = static_cast<std::uint16_t>(sched + pc);
  return layout;
}

}  // namespace

StackLayout stack_layout(const inspect::BinaryFacts& facts, const TypeLookup& lookup) {
  Result<StackLayout> layout = read_stack_layout(lookup);
  if (!layout) {
    StackLayout none;
    none.missing = std::move(layout.error().message);
    return none;
  }
  layout->list_candidates = facts.goroutine_list_candidates;
  if (layout->list_candidates.empty()) {
    layout->missing = "runtime.allgadd, which shows where the list of goroutines is, is not in the binary";
  }
  return *std::move(layout);
}

Result<GoroutineLayout> goroutine_layout(const TypeLookup& lookup) {
  GoroutineLayout layout;
  ASSIGN_OR_RETURN(layout.goid, offset_of(lookup, "runtime.g", "goid"));
  ASSIGN_OR_RETURN(const std::uint16_t stack, offset_of(lookup, "runtime.g", "stack"));
  ASSIGN_OR_RETURN(const std::uint16_t high, offset_of(lookup, "runtime.stack", "hi"));
  layout.stack_hi = static_cast<std::uint16_t>(stack + high);
  return layout;
}

Result<std::vector<FoundHook>> find_unwind_hooks(const inspect::BinaryFacts& facts,
                                                 const TypeLookup& lookup) {
  std::vector<FoundHook> hooks;
  ASSIGN_OR_RETURN(const UnwindHook recovery, recovery_hook(lookup));
  const std::array<std::string, 1> recovery_name = {"runtime.recovery"};
  ASSIGN_OR_RETURN(const MatchedFunctions found, match_functions(facts, recovery_name));
  hooks.push_back({recovery, found.functions.front()});
  // A program that never calls Goexit does not have it.
  const std::array<std::string, 1> goexit_name = {"runtime.Goexit"};
  if (const auto goexit = match_functions(facts, goexit_name)) {
    UnwindHook hook;
    hook.kind = UnwindHook::Kind::kGoexit;
    hook.through_panic = false;
    hooks.push_back({hook, goexit->functions.front()});
  }
  return hooks;
}

}  // namespace plan
