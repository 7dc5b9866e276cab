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

// Whether a label of the metric that a record feeds belongs to the process: it is not the probe's, nor
// `service`.
[[nodiscard]] bool is_process_label(const plan::PlannedProbe& probe, const std::string& label);

// Whether a probe feeds metrics with labels that belong to the process. Its series stay apart for a while
// after the process is gone, since afterwards those labels are not known any more.
[[nodiscard]] bool has_process_labels(const plan::PlannedProbe& probe);

// The service that `process` counts for in `probe`; none where it belongs to none of the probe's services.
[[nodiscard]] std::optional<std::string> service_of(const KnownProcess& process,
                                                    const plan::PlannedProbe& probe);

// A metric as it is configured now, and the record that fed it, maybe as an earlier configuration said.
struct LabelSource {
  const config::Metric* metric = nullptr;
  const plan::PlannedRecord* record = nullptr;
  const plan::PlannedProbe* probe = nullptr;
  const plan::ProbePlan* plan = nullptr;
};

// Values in the order of the metric's labels. A label that the metric did not have when the record was
// planned is "", which is the series without it. None while a label of the process is not learned yet: the
// kernel keeps the counts until it is. A process that is gone will not be learned any more; its label is "".
// Of the processes that were folded into one the labels are not known any more: those series are retired.
[[nodiscard]] std::optional<std::vector<std::string>> label_values(const LabelSource& source,
                                                                   const SeriesOrigin& origin,
                                                                   const std::string& service,
                                                                   const Identities& identities, bool exited);

// The same for totals, which outlive the series: labels of the process stay "", and their indexes are in
// `process_labels`.
struct LastingLabels {
  std::vector<std::string> values;
  std::vector<std::uint16_t> process_labels;
};

[[nodiscard]] LastingLabels lasting_labels(const LabelSource& source, const SeriesOrigin& origin,
                                           const std::string& service);

}  // namespace collect
