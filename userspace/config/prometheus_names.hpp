// What Prometheus accepts as a name.
#pragma once

#include <string_view>

namespace config {

// [a-zA-Z_:][a-zA-Z0-9_:]*
[[nodiscard]] bool is_metric_name(std::string_view name);

// [a-zA-Z_][a-zA-Z0-9_]*; what begins with __ is Prometheus's own and no name of ours.
[[nodiscard]] bool is_label_name(std::string_view name);

// up, scrape_duration_seconds, ...: what Prometheus records of each target by itself
// (https://prometheus.io/docs/concepts/jobs_instances/), and the series of its alerts.
[[nodiscard]] bool is_scrape_metric_name(std::string_view name);

}  // namespace config
