// Rules for what probes record: the metric exists, the kind fits it, every label is fed and every label is
// used.
#pragma once

#include "config/validate_config.hpp"

namespace config {

void validate_records(const ProbeConfig& config, const Unread& unread, Problems& problems);

}  // namespace config
