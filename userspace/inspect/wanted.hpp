// What a binary is to be asked for, beyond what holds for all its functions.
#pragma once

#include <functional>
#include <string_view>

namespace inspect {

// Says of which functions to find something.
using IsWanted = std::function<bool(std::string_view function_name)>;

struct Wanted {
  IsWanted details;         // BinaryFacts::details
  IsWanted inlined_copies;  // BinaryFacts::inlined_copies; empty: of none
};

}  // namespace inspect
