// Where Go's runtime keeps what frames need, from the binary's own type metadata. No tables of offsets by Go
// version.
#pragma once

#include <vector>

#include "base/error.hpp"
#include "inspect/binary_facts.hpp"
#include "plan/language/type_lookup.hpp"
#include "plan/probe_plan.hpp"

namespace plan {

// kNotFound: the metadata has no runtime.g, or it lacks a field.
[[nodiscard]] base::Result<GoroutineLayout> goroutine_layout(const TypeLookup& lookup);

// Says itself what is missing.
[[nodiscard]] StackLayout stack_layout(const inspect::BinaryFacts& facts, const TypeLookup& lookup);

struct FoundHook {
  UnwindHook hook;  // without its site
  std::uint32_t function = 0;
};

// runtime.recovery, and runtime.Goexit where the program has it. kNotFound: calls that end by a panic would
// not be seen.
[[nodiscard]] base::Result<std::vector<FoundHook>> find_unwind_hooks(const inspect::BinaryFacts& facts,
                                                                     const TypeLookup& lookup);

}  // namespace plan
