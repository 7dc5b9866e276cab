// Hit rates over a sliding window: hits / (hits + misses) among the lookups that were seen at scrapes within
// the window. What is remembered is kept per service, so one state answers for all services together and for
// each.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collect/sample.hpp"
#include "config/probe_config.hpp"
#include "metrics/snapshot.hpp"

namespace metrics {

struct Lookups {
  double hits = 0;
  double misses = 0;

  bool operator==(const Lookups&) const = default;
};

// The lookups of one label set within the window.
class LookupWindow {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Counters that were there when we began to look: their lookups lie before the window.
  void start_from(Lookups totals) { totals_ = totals; }

  // `totals` are counters; one that is lower than before began again at 0.
  void record(Time now, std::chrono::seconds window, Lookups totals);
  void forget_before(Time oldest);

  [[nodiscard]] Lookups sum() const;

 private:
  struct Seen {
    Time time;
    Lookups lookups;
  };

  Lookups totals_;
  std::deque<Seen> seen_;
};

// All ratio metrics of a configuration. Not thread-safe: scrapes take turns.
class RatioWindows {
 public:
  explicit RatioWindows(const std::vector<config::Metric>& metrics);

  // Counters that are older than this exporter: what they count already lies before the window. Without this
  // call all counters began at 0.
  void start_from(std::span<const collect::Sample> samples);

  // Feeds all windows; call it at each scrape, with all samples of all services.
  void record(LookupWindow::Time now, std::span<const collect::Sample> samples);

  // A gauge family per ratio metric, over all services or one. A label set without a lookup in the window,
  // and a metric without label sets, are absent.
  [[nodiscard]] std::vector<Family> families(std::optional<std::string_view> service = std::nullopt) const;

 private:
  struct LabelSet {
    std::string service;
    std::vector<std::string> labels;

    auto operator<=>(const LabelSet&) const = default;
  };

  struct Ratio {
    config::Metric metric;
    config::RatioOf of;
    std::vector<std::string> counter_labels;
    std::map<LabelSet, LookupWindow> windows;
  };

  [[nodiscard]] static std::map<LabelSet, Lookups> totals_of(const Ratio& ratio,
                                                             std::span<const collect::Sample> samples);

  std::vector<Ratio> ratios_;
};

}  // namespace metrics
