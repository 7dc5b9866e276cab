// Functions whose names resemble one that is not there, for messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inspect/binary_facts.hpp"

namespace plan {

// At most three, the nearest first; compared without the path in front, so code that moved is found.
[[nodiscard]] std::vector<std::string> nearest_functions(const inspect::BinaryFacts& facts,
                                                         std::string_view name);

}  // namespace plan
