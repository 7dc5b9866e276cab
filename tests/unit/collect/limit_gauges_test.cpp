#include "collect/limit_gauges.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace collect {
namespace {

using testing::ElementsAre;

Sample gauge(std::string label, double number, std::uint32_t process = 1) {
  return {.metric = "connections",
          .labels = {std::move(label)},
          .service = "x",
          .process = process,
          .number = number,
          .buckets = {},
          .process_labels = {}};
}

std::vector<config::Metric> limited_to(std::uint32_t series) {
  config::Metric metric;
  metric.name = "connections";
  metric.max_series = series;
  return {metric};
}

TEST(LimitGauges, KeepsWhatFits) {
  std::vector<Sample> gauges{gauge("a", 1), gauge("b", 2), gauge("b", 3, 2)};
  limit_gauges(gauges, limited_to(2));
  EXPECT_THAT(gauges, ElementsAre(gauge("a", 1), gauge("b", 2), gauge("b", 3, 2)));
}

TEST(LimitGauges, AddsUpTheRest) {
  std::vector<Sample> gauges{gauge("a", 0), gauge("b", 2), gauge("c", 3), gauge("d", 4), gauge("d", 5)};
  limit_gauges(gauges, limited_to(2));
  EXPECT_THAT(gauges, ElementsAre(gauge("b", 2), gauge("c", 3), gauge(kOverflowLabel, 9)));
}

}  // namespace
}  // namespace collect
