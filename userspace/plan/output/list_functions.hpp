// What could be probed in a binary: its functions, as far as they are known.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "inspect/binary_facts.hpp"
#include "inspect/wanted.hpp"

namespace plan {

struct ListedFunction {
  std::string name;         // as a probe's `function` takes it
  std::string signature;    // "(m *Cart) (int, error)", without the receiver; "" where it is not known
  std::string source;       // where the types come from, or why they are not known
  std::string entry;        // the instruction that an entry probe would be set on; "" where there is none
  bool is_stepped = false;  // the kernel single-steps it: an entry costs about twice
  std::size_t returns = 0;  // instructions that a duration or a result would be read at
  std::string refused;      // why it cannot be probed, or not at its returns; "": it can
  std::vector<std::string> inlined_into;  // callers that hold copies, which a probe does not see
  bool is_inlined_everywhere = false;     // it has no body of its own: only `inlined: true` counts it

  bool operator==(const ListedFunction&) const = default;
};

// Whether a function's name is asked for: by one of the patterns of probes.yaml, or by a word that is part of
// the name in any case. Without patterns: all but the runtime's and the standard library's own.
[[nodiscard]] bool is_listed(std::span<const std::string> patterns, std::string_view name);

// What list_functions() needs to know of the binary. `patterns` outlive the result.
[[nodiscard]] inspect::Wanted wanted_for_list(std::span<const std::string> patterns);

// Those that are listed, by name.
[[nodiscard]] std::vector<ListedFunction> list_functions(const inspect::BinaryFacts& facts,
                                                         std::span<const std::string> patterns);

// For people: a function a line, what else is known of it below.
[[nodiscard]] std::string print_functions(std::span<const ListedFunction> functions);

// An array of objects, one a function.
[[nodiscard]] std::string functions_as_json(std::span<const ListedFunction> functions);

}  // namespace plan
