// Names and patterns of the config -> functions of a binary.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "inspect/binary_facts.hpp"
#include "inspect/wanted.hpp"

namespace plan {

struct MatchedFunctions {
  std::vector<std::uint32_t> functions;  // indexes into BinaryFacts::functions
  std::vector<std::string> inlined;      // keys of BinaryFacts::inlined_copies; empty unless asked for
  std::vector<std::string> notes;
  std::vector<std::string> missing;  // alternatives in braces that match nothing, with the nearest names
};

// Functions that the first matching one of `alternatives` means: a name stands for all instantiations of a
// generic function, and for the wrapper (*T).M where that holds an inlined copy of T.M. kNotFound: nothing
// matches; the message names the nearest. kUnsupported: a pattern that matches too many.
[[nodiscard]] base::Result<MatchedFunctions> match_functions(const inspect::BinaryFacts& facts,
                                                             std::span<const std::string> alternatives,
                                                             bool with_inlined = false);

// The copies of function `name` that no other probed function stands for: not those in its wrappers.
[[nodiscard]] std::vector<inspect::InlinedCopy> copies_of(const inspect::BinaryFacts& facts,
                                                          const std::string& name);

// Functions that hold a copy of one with details; not its wrappers, which are probed with it.
[[nodiscard]] std::vector<std::string> holders_of_copies(const inspect::BinaryFacts& facts,
                                                         std::uint32_t function);

// Says of which functions the plan needs what.
[[nodiscard]] inspect::Wanted wanted_functions(const config::ProbeConfig& config);

}  // namespace plan
