// Maps -> samples: the façade of stage 6.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "attach/attached_binary.hpp"
#include "attach/shared_maps.hpp"
#include "base/error.hpp"
#include "collect/gauge_samples.hpp"
#include "collect/process_table.hpp"
#include "collect/sample.hpp"
#include "config/probe_config.hpp"

namespace collect {

// Series that are known without a call (collect/known_series).
enum class KnownSeries {
  kAsCounted,  // there once they are counted
  kAtZero,     // counters and histograms are there at once
};

// All samples of one binary's probes. Series of processes that the table does not know yet wait for a later
// call; those of processes that are not ours are left out. `gauges` is the unit's, from scrape to scrape.
// `unrecorded`: calls in flight that the maps may lack. Any thread.
[[nodiscard]] base::Result<std::vector<Sample>> collect(const config::ProbeConfig& config,
                                                        const attach::CountedBinary& binary,
                                                        const ProcessTable& processes, GaugeMemory& gauges,
                                                        std::span<const RawFrame> unrecorded = {},
                                                        KnownSeries known_series = KnownSeries::kAsCounted);

// Counters and histograms of a binary whose probes count no more, as totals keep them: Sample::process_labels
// stay open, and samples without such labels are of no process. None: a process that was counted is not
// classified yet.
[[nodiscard]] base::Result<std::optional<std::vector<Sample>>> lasting_counts(
    const config::ProbeConfig& config, const attach::CountedBinary& binary, const ProcessTable& processes);

// Gauges that nobody knows now, as a probe that feeds them is detached; collect() leaves them out.
[[nodiscard]] std::set<std::string> unknown_gauges(const attach::CountedBinary& binary);

// Every reason of every probe, those that never came about too: of a counter that begins with its first loss,
// nobody sees that it grew.
[[nodiscard]] std::vector<Loss> name_losses(const attach::CountedBinary& binary,
                                            std::span<const std::uint64_t> losses);

// Adds the hits of its probes, by name.
void add_hits(std::map<std::string, std::uint64_t>& to, const attach::CountedBinary& binary,
              std::span<const std::uint64_t> hits);

}  // namespace collect
