// When counters and histograms began at 0: what OpenMetrics calls _created. It is kept with the totals, so
// that it stays over restarts of the exporter and changes when counts begin again.
#pragma once

#include <chrono>

#include "collect/totals.hpp"
#include "units/attachments.hpp"

namespace units {

// What earlier exporters counted without writing down since when: it is not known.
void note_unknown_beginnings(collect::Totals& totals, const Attachments& attachments);

// Metrics that the attached probes feed for the first time were 0 at `now`. Whether there are any: the totals
// are to be saved.
[[nodiscard]] bool note_beginnings(collect::Totals& totals, const Attachments& attachments,
                                   std::chrono::system_clock::time_point now);

}  // namespace units
