// Gauges that are counted or read at the scrape: calls in flight, pairs, polled objects.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "collect/binary_view.hpp"
#include "collect/read_maps.hpp"

namespace collect {

// A gauge that was there once is 0, not absent, while its process lives: remembers which were.
class GaugeMemory {
 public:
  // Adds `count` to the gauge of this sample's metric, labels and process.
  void add(const Sample& sample, double count);
  // Forgets all other metrics: they are absent until they are counted again.
  void keep_only(const std::set<std::string>& metrics);
  // The gauges as samples, those that are 0 now included. Starts the next scrape; processes that have exited
  // are forgotten.
  [[nodiscard]] std::vector<Sample> take(const ProcessTable& processes);

 private:
  struct Key {
    std::string metric;
    std::uint32_t process = 0;
    std::vector<std::string> labels;
    std::string service;

    auto operator<=>(const Key&) const = default;
  };

  std::map<Key, double> gauges_;
};

struct LiveState {
  std::vector<RawFrame> frames;
  std::vector<RawObject> objects;
};

// The gauges that a probe feeds: what they are depends on every call since they began.
[[nodiscard]] std::set<std::string> gauges_of(const plan::PlannedProbe& probe);

// Counts one probe's gauges into `memory`.
void count_gauges(const BinaryView& view, std::size_t probe, const LiveState& live, GaugeMemory& memory);

}  // namespace collect
