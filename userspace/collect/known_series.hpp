// Series that are known before any call: Prometheus sees a counter grow only if it has seen it before, at 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "collect/binary_view.hpp"
#include "collect/identities.hpp"
#include "collect/sample.hpp"
#include "config/probe_config.hpp"
#include "plan/probe_plan.hpp"

namespace collect {

// Of one metric of a probe in a process; where there are more, none begins at 0.
inline constexpr std::size_t kMaxKnownSeries = 100;

struct KnownOrigin {
  std::uint32_t process = 0;
  std::string service;
};

// The label values, in the order of the metric's labels, of all series of the metric that the probe can feed
// in this process. Empty: a label can have any text or is not learned yet, or there are more than
// kMaxKnownSeries.
[[nodiscard]] std::vector<std::vector<std::string>> known_series(const config::Metric& metric,
                                                                 const plan::PlannedProbe& probe,
                                                                 const plan::ProbePlan& plan,
                                                                 const KnownOrigin& origin,
                                                                 const Identities& identities);

// The known series of a record in each process that runs, as samples of 0; what does not depend on the
// process is there once for a service. None where the metric says `initialize: false`.
[[nodiscard]] std::vector<Sample> known_samples(const BinaryView& view, const plan::PlannedProbe& probe,
                                                const plan::PlannedRecord& record);

// Counters and histograms of one probe, at 0. None where it is not attached; of a metric whose processes
// together have more than max_series, none.
[[nodiscard]] std::vector<Sample> initial_samples(const BinaryView& view, std::size_t probe);

}  // namespace collect
