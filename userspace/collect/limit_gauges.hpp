// `max_series` for gauges that are counted or read at a scrape: no map in the kernel bounds them.
#pragma once

#include <vector>

#include "collect/sample.hpp"
#include "config/probe_config.hpp"

namespace collect {

// Leaves each metric at most `max_series` different sets of labels, those that are not 0 before others, then
// in the order of their text. What is beyond is added to the overflow series, as in the kernel's maps.
void limit_gauges(std::vector<Sample>& gauges, const std::vector<config::Metric>& metrics);

}  // namespace collect
