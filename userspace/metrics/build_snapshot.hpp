// Façade of stage 7: samples of many processes -> the series that Prometheus sees.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/sample.hpp"
#include "config/probe_config.hpp"
#include "metrics/snapshot.hpp"

namespace metrics {

// Service -> counter or histogram -> when it was 0, in seconds since 1970 (collect::Totals::began).
using Began = std::map<std::string, std::map<std::string, double>>;

// Samples of equal labels are added up over processes and services; labels become valid UTF-8. With
// `service`, only its own samples count. Metrics without a series are left out, and so are samples of metrics
// that are not configured. A series is as old as the oldest of its samples' metrics. Ratios are not built
// here: see RatioWindows.
[[nodiscard]] Snapshot build_snapshot(const std::vector<config::Metric>& metrics,
                                      std::vector<collect::Sample> samples,
                                      std::optional<std::string_view> service = std::nullopt,
                                      const Began& began = {});

// `snapshot` with more families, in order of names.
[[nodiscard]] Snapshot with_families(Snapshot snapshot, std::vector<Family> families);

}  // namespace metrics
