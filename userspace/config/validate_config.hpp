// Rules across the parts of a config: everything that is named exists, every label is fed, every record fits
// its metric.
#pragma once

#include <set>
#include <string>

#include "config/probe_config.hpp"
#include "config/problems.hpp"

namespace config {

// What the file has but could not be read. It has its problem already; rules that need it stay silent.
struct Unread {
  std::set<std::string> metrics;  // of which type or labels are unknown
  bool records = false;           // some record's metric is unknown
};

void validate_config(const ProbeConfig& config, const Unread& unread, Problems& problems);

}  // namespace config
