// The end of an attachment: its counts go to the totals.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "abi/maps.h"
#include "attach/process_watch.hpp"
#include "base/error.hpp"
#include "collect/process_table.hpp"
#include "config/probe_config.hpp"
#include "units/attachments.hpp"
#include "units/kept_state.hpp"

namespace units {

// Whether it is of a counter or a histogram of the config.
[[nodiscard]] bool is_counted(const config::ProbeConfig& config, const collect::Sample& sample);

// Adds counters, histograms, hits and losses of an attachment that nothing is counted in any more to the
// totals, once: whether the exporter is killed at any point of it or not. False: a process that was counted
// is not classified yet.
[[nodiscard]] base::Result<bool> add_to_totals(const config::ProbeConfig& config,
                                               const Attachment& attachment,
                                               const collect::ProcessTable& processes,
                                               const attach::SharedMaps& maps, KeptState& kept);

// Ends what an exporter that was killed was doing to the counts of its units. One whose journal cannot be
// read starts again at 0: it is removed from `binaries` and from the pins, logged and counted as a reset.
void resume_or_forget(std::vector<attach::AttachedBinary>& binaries, KeptState& kept);

// Whether an exporter that was killed had added them already.
[[nodiscard]] bool is_in_totals(const attach::AttachedBinary& binary, const collect::Totals& totals);

// Hits and losses of a probe begin at 0: its number may be given to another.
void clear_counts(const attach::SharedMaps& maps, std::uint16_t probe);

// What becomes of the calls in flight of a probe when a later plan takes its place: each is one loss,
// `no_entry`, either when it returns or at once.
[[nodiscard]] call_end end_of_calls(const plan::PlannedProbe& earlier, const plan::ProbePlan& later);

// Ends the calls in flight of these probes (their numbers), which no program of theirs will see the returns
// of.
[[nodiscard]] base::Result<> end_calls(const attach::AttachedBinary& binary,
                                       const std::map<std::uint16_t, call_end>& probes,
                                       const attach::SharedMaps& maps);

}  // namespace units
