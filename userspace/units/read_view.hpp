// What a scrape reads through a view. Any thread; nothing here waits for the owner.
#pragma once

#include <memory>
#include <vector>

#include "attach/process_watch.hpp"
#include "base/error.hpp"
#include "collect/process_table.hpp"
#include "collect/sample.hpp"
#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "units/view.hpp"

namespace units {

// The view's processes, and those that the kernel has numbered since.
[[nodiscard]] base::Result<std::shared_ptr<const collect::ProcessTable>> processes_now(
    const View& view, const attach::SharedMaps& maps, const discover::ProcFs& proc,
    attach::PidNamespace pid_namespace);

// What all units count now, and the totals of those that are gone. Error: the maps of one cannot be read; a
// sum without it would be too low.
[[nodiscard]] base::Result<std::vector<collect::Sample>> collect_samples(
    const View& view, const collect::ProcessTable& processes);

// What probes cost up to now.
[[nodiscard]] CostMeter costs_now(const View& view, const attach::SharedMaps& maps);

}  // namespace units
