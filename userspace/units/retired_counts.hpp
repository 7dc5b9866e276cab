// The end of an attachment: its counts go to the totals.
#pragma once

#include <cstdint>
#include <set>

#include "attach/process_watch.hpp"
#include "base/error.hpp"
#include "collect/process_table.hpp"
#include "config/probe_config.hpp"
#include "units/attachments.hpp"
#include "units/kept_state.hpp"

namespace units {

// Whether it is of a counter or a histogram of the config, and fits it: the config may be newer.
[[nodiscard]] bool is_counted(const config::ProbeConfig& config, const collect::Sample& sample);

// Adds counters, histograms, hits and losses of an attachment that nothing is counted in any more to the
// totals, once: whether the exporter is killed at any point of it or not. False: some of them cannot be told
// yet, since a label is not learnt or a process not classified.
[[nodiscard]] base::Result<bool> add_to_totals(const config::ProbeConfig& config,
                                               const Attachment& attachment,
                                               const collect::ProcessTable& processes,
                                               const attach::SharedMaps& maps, KeptState& kept);

// Whether an exporter that was killed had added them already.
[[nodiscard]] bool is_in_totals(const attach::AttachedBinary& binary, const collect::Totals& totals);

// Hits and losses of a probe begin at 0: its number may be given to another.
void clear_counts(const attach::SharedMaps& maps, std::uint16_t probe);

// Ends the calls in flight of these probes (their numbers), which nothing will see the returns of.
[[nodiscard]] base::Result<> end_calls(const attach::AttachedBinary& binary,
                                       const std::set<std::uint16_t>& probes, const attach::SharedMaps& maps);

}  // namespace units
