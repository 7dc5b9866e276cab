// Gauges that are counted or read at the scrape: calls in flight, pairs, polled objects.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "collect/binary_view.hpp"
#include "collect/read_maps.hpp"

namespace collect {

struct GaugeKey {
  std::string metric;
  std::uint32_t process = 0;
  std::vector<std::string> labels;
  std::string service;

  auto operator<=>(const GaugeKey&) const = default;
};

// The gauges of one binary at one scrape.
class GaugeCounts {
 public:
  // Adds `count` to the gauge of this sample's metric, labels and process.
  void add(const Sample& sample, double count);

  [[nodiscard]] const std::map<GaugeKey, double>& all() const { return gauges_; }

 private:
  std::map<GaugeKey, double> gauges_;
};

// A gauge that was there once is 0, not absent, while its process lives: remembers which were. Any thread.
class GaugeMemory {
 public:
  // `counts` as samples, and 0 for every gauge of the `metrics` that was there before and is not now. Gauges
  // of other metrics, and of processes that have exited, are forgotten: they are absent until they are
  // counted again.
  [[nodiscard]] std::vector<Sample> complete(const GaugeCounts& counts, const std::set<std::string>& metrics,
                                             const ProcessTable& processes);

 private:
  std::mutex mutex_;  // guards what follows
  std::set<GaugeKey> seen_;
};

struct LiveState {
  std::vector<RawFrame> frames;
  std::vector<RawObject> objects;
};

// The gauges that a probe feeds: what they are depends on every call since they began.
[[nodiscard]] std::set<std::string> gauges_of(const plan::PlannedProbe& probe);

// Counts one probe's gauges into `counts`.
void count_gauges(const BinaryView& view, std::size_t probe, const LiveState& live, GaugeCounts& counts);

}  // namespace collect
