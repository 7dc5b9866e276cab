// Façade of stage 7: samples of many processes -> the series that Prometheus sees.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "collect/sample.hpp"
#include "config/probe_config.hpp"
#include "metrics/snapshot.hpp"

namespace metrics {

// Samples of equal labels are added up over processes and services; labels become valid UTF-8. With
// `service`, only its own samples count. Metrics without a series are left out, and so are samples of metrics
// that are not configured. Ratios are not built here: see RatioWindows.
[[nodiscard]] Snapshot build_snapshot(const std::vector<config::Metric>& metrics,
                                      std::span<const collect::Sample> samples,
                                      std::optional<std::string_view> service = std::nullopt);

// `snapshot` with more families, in order of names.
[[nodiscard]] Snapshot with_families(Snapshot snapshot, std::vector<Family> families);

}  // namespace metrics
