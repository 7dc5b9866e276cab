// What the exporter says about itself at a scrape.
#pragma once

#include <vector>

#include "attach/process_watch.hpp"
#include "base/log.hpp"
#include "collect/sample.hpp"
#include "config/probe_config.hpp"
#include "metrics/self_state.hpp"
#include "units/probe_costs.hpp"
#include "units/view.hpp"

namespace app {

// Probes, sites, hits, losses and services. Maps that cannot be read are logged and left out.
[[nodiscard]] metrics::SelfState report_units(const units::View& view, const attach::SharedMaps& maps,
                                              base::Logger& log);

// What probes cost, as `meter` has it, and the budgets of it.
void report_costs(metrics::SelfState& state, const units::View& view, const units::CostMeter& meter);

// Series of each metric, and how many it may have.
[[nodiscard]] std::vector<metrics::MetricUse> use_of_metrics(const config::ProbeConfig& config,
                                                             const std::vector<collect::Sample>& samples);

}  // namespace app
