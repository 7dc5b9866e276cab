// What the exporter says about itself at a scrape.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attach/process_watch.hpp"
#include "base/log.hpp"
#include "config/probe_config.hpp"
#include "discover/target.hpp"
#include "metrics/self_state.hpp"
#include "units/attachments.hpp"
#include "units/budget.hpp"
#include "units/probe_costs.hpp"

namespace app {

// The first probe that is skipped or not attached, with its reason.
[[nodiscard]] std::optional<std::string> first_problem(const units::Attachment& attachment);

// Probes, sites, hits, losses and services. Maps that cannot be read are logged and left out.
[[nodiscard]] metrics::SelfState report_attachments(const config::ProbeConfig& config,
                                                    const units::Attachments& attachments,
                                                    const units::KeptState& kept,
                                                    const std::vector<discover::Target>& targets,
                                                    const attach::SharedMaps& maps, base::Logger& log);

// What probes cost, and the budgets of it.
void report_costs(metrics::SelfState& state, const config::ProbeConfig& config, const units::CostMeter& meter,
                  const units::Budget& budget, const units::Attachments& attachments);

// Series of each metric, and how many it may have.
[[nodiscard]] std::vector<metrics::MetricUse> use_of_metrics(const config::ProbeConfig& config,
                                                             const std::vector<collect::Sample>& samples);

}  // namespace app
