// BATON of stage 6: one series of one record in one process, decoded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace collect {

// The text of every label of a series that did not fit into its map any more.
inline constexpr const char* kOverflowLabel = "__overflow__";

struct Sample {
  std::string metric;
  std::vector<std::string> labels;  // values, in the order of the metric's `labels`
  std::string service;
  std::uint32_t process = 0;  // the exporter's number; 0: folded from processes that are gone
  double number = 0;          // counter, gauge; sum of a histogram, in the metric's unit
  std::vector<std::uint64_t>
      buckets;  // histogram: observations per bucket, not cumulative; the last is above all bounds
  // In totals: indexes of the labels that are the process's own. Their text is "" here; the process has it.
  std::vector<std::uint16_t> process_labels;

  bool operator==(const Sample&) const = default;
};

// What the exporter could not count, by probe and reason.
struct Loss {
  std::string probe;
  std::string reason;
  std::uint64_t count = 0;

  bool operator==(const Loss&) const = default;
};

}  // namespace collect
