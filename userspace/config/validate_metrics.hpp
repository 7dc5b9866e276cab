// Rules for metrics among each other: names that collide, ratios and their counters, metrics that nobody
// records.
#pragma once

#include "config/validate_config.hpp"

namespace config {

void validate_metrics(const ProbeConfig& config, const Unread& unread, Problems& problems);

}  // namespace config
