// The indivisible parts of a value, each of which takes a whole register where the value lies in registers.
#pragma once

#include <optional>
#include <vector>

#include "inspect/type_table.hpp"
#include "plan/language/abi_layout.hpp"

namespace plan {

// In the order of the registers; their numbers are not set. None: the value never lies in registers (it has
// no bytes, holds an array of several elements, or has absurdly many parts).
[[nodiscard]] std::optional<std::vector<AbiLeaf>> leaves_of(const inspect::TypeTable& types,
                                                            inspect::TypeId type);

}  // namespace plan
