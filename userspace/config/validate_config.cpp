#include "config/validate_config.hpp"

#include <map>

#include "config/validate_expressions.hpp"
#include "config/validate_inlined.hpp"
#include "config/validate_metrics.hpp"
#include "config/validate_records.hpp"

namespace config {
namespace {

void check_probe_names(const ProbeConfig& config, Problems& problems) {
  std::map<std::string, Position> first;
  for (const Probe& probe : config.probes) {
    const auto [known, is_new] = first.try_emplace(probe.name, probe.position);
    if (!is_new) {
      problems.add(probe.position, "duplicate probe name \"{}\", first in line {}; every name stands once",
                   probe.name, known->second.line);
    }
  }
}

}  // namespace

void validate_config(const ProbeConfig& config, const Unread& unread, Problems& problems) {
  check_probe_names(config, problems);
  validate_metrics(config, unread, problems);
  validate_records(config, unread, problems);
  validate_expressions(config, problems);
  validate_inlined(config, problems);
}

}  // namespace config
