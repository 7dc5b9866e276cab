// What a label is made of, whichever way it is written. All pointers and spans lead into the label.
#pragma once

#include <span>
#include <vector>

#include "config/probe_config.hpp"

namespace config {

// The value, or all alternatives; nothing of cases and constants.
[[nodiscard]] std::vector<const ValueLabel*> values_of(const Label& label);

// All values and conditions.
[[nodiscard]] std::vector<const LocatedExpression*> expressions_of(const Label& label);

// What is done to the text in the end; nothing for cases and constants.
[[nodiscard]] std::span<const Transform> transforms_of(const Label& label);

// Whether a value is read in another function.
[[nodiscard]] bool reads_within(const Label& label);

}  // namespace config
