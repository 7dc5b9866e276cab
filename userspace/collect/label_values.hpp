// The labels of one series, put together from the probe, the process and the config.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "collect/identities.hpp"
#include "collect/process_table.hpp"
#include "config/probe_config.hpp"
#include "plan/probe_plan.hpp"

namespace collect {

struct SeriesOrigin {
  std::uint32_t process = 0;
  std::uint16_t function = 0;
  std::span<const std::byte> values;
};

// Labels of the metrics that a probe feeds which belong to the process. Its series keep them for a while
// after the process is gone, since afterwards they are not known any more.
[[nodiscard]] std::vector<std::string> learnt_labels(const config::ProbeConfig& config,
                                                     const plan::PlannedProbe& probe);

// The service that `process` counts for in `probe`; none where it belongs to none of the probe's services.
[[nodiscard]] std::optional<std::string> service_of(const KnownProcess& process,
                                                    const plan::PlannedProbe& probe);

// Values in the order of the metric's labels. None while a label of the process is not learnt yet: the kernel
// keeps the counts until it is. A process that is gone will not be learnt any more; its label is "". Of the
// processes that were folded into one the labels are not known any more: those series are retired.
[[nodiscard]] std::optional<std::vector<std::string>> label_values(
    const config::Metric& metric, const plan::PlannedProbe& probe, const plan::ProbePlan& plan,
    const SeriesOrigin& origin, const std::string& service, const Identities& identities, bool exited);

}  // namespace collect
