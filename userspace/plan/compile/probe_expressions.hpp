// Everything of a probe of the config that is evaluated.
#pragma once

#include <vector>

#include "config/probe_config.hpp"

namespace plan {

// Conditions, labels, values of records, in this order. They belong to `probe`.
[[nodiscard]] std::vector<const config::LocatedExpression*> expressions_of(const config::Probe& probe);

}  // namespace plan
