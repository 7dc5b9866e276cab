#include "collect/limit_gauges.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace collect {
namespace {

using Labels = std::vector<std::string>;

// The sets of labels that do not fit, by metric.
std::map<std::string, std::set<Labels>> beyond_limits(const std::vector<Sample>& gauges,
                                                      const std::vector<config::Metric>& metrics) {
  std::map<std::string, std::map<Labels, bool>> found;  // whether one of its samples is not 0
  for (const Sample& sample : gauges) {
    bool& is_used = found[sample.metric][sample.labels];
    is_used = is_used || sample.number != 0;
  }
  std::map<std::string, std::set<Labels>> beyond;
  for (const config::Metric& metric : metrics) {
    const auto series = found.find(metric.name);
    if (series == found.end() || series->second.size() <= metric.max_series) {
      continue;
    }
    std::size_t room = metric.max_series;
    for (const bool wanted : {true, false}) {
      for (const auto& [labels, is_used] : series->second) {
        if (is_used != wanted) {
          continue;
        }
        if (room != 0) {
          --room;
        } else {
          beyond[metric.name].insert(labels);
        }
      }
    }
  }
  return beyond;
}

}  // namespace

void limit_gauges(std::vector<Sample>& gauges, const std::vector<config::Metric>& metrics) {
  const auto beyond = beyond_limits(gauges, metrics);
  if (beyond.empty()) {
    return;
  }
  std::vector<Sample> kept;
  std::map<std::pair<std::string, std::string>, Sample> overflow;  // by metric and service
  for (Sample& sample : gauges) {
    const auto metric = beyond.find(sample.metric);
    if (metric == beyond.end() || !metric->second.contains(sample.labels)) {
      kept.push_back(std::move(sample));
      continue;
    }
    Sample& sum = overflow[{sample.metric, sample.service}];
    const double number = sum.number + sample.number;
    sum = std::move(sample);
    sum.labels.assign(sum.labels.size(), kOverflowLabel);
    sum.number = number;
  }
  for (auto& [key, sum] : overflow) {
    kept.push_back(std::move(sum));
  }
  gauges = std::move(kept);
}

}  // namespace collect
