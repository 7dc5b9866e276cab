// BATON of stage 7: all families with their series at one moment; immutable once built.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace metrics {

enum class FamilyKind { kCounter, kGauge, kHistogram };

struct Series {
  std::vector<std::string> labels;     // values, in the order of Family::labels; valid UTF-8
  double number = 0;                   // counter or gauge; sum of a histogram
  std::vector<std::uint64_t> buckets;  // histogram: cumulative, one per bound, then +Inf (= count)
  double created = 0;  // counter or histogram: when it was 0, in seconds since 1970; 0: unknown

  bool operator==(const Series&) const = default;
};

struct Family {
  std::string name;
  std::string help;
  FamilyKind kind = FamilyKind::kCounter;
  std::string unit;                 // "" where there is none
  std::vector<std::string> labels;  // names
  std::vector<double> bounds;       // histogram: upper bounds without +Inf
  std::vector<Series> series;       // sorted by labels

  bool operator==(const Family&) const = default;
};

struct Snapshot {
  std::vector<Family> families;  // sorted by name

  bool operator==(const Snapshot&) const = default;
};

}  // namespace metrics
