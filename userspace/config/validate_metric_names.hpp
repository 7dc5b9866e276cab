// Names that would meet on the page: one metric's with another's, or with those of its parts.
#pragma once

#include <vector>

#include "config/probe_config.hpp"
#include "config/problems.hpp"

namespace config {

// A counter x_total is the family x in OpenMetrics, with the samples x_total and x_created; a histogram h has
// h_bucket, h_sum, h_count and h_created. The standard
// (https://prometheus.io/docs/specs/om/open_metrics_spec/) refuses a page on which two families can have a
// sample of the same name.
void validate_metric_names(const std::vector<Metric>& metrics, Problems& problems);

}  // namespace config
