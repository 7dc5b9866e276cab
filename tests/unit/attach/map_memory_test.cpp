#include "attach/map_memory.hpp"

#include <bpf/libbpf.h>
#include <gtest/gtest.h>

#include "support/result_matchers.hpp"

namespace attach {
namespace {

// Of a service with one counter, and so many u64s for each series.
std::uint64_t memory(std::uint32_t max_series, std::uint16_t slots = 1, std::uint32_t in_flight = 1000,
                     std::uint16_t values_size = 8) {
  config::ProbeConfig config;
  config.limits.in_flight = in_flight;
  config::Metric metric;
  metric.name = "calls_total";
  metric.max_series = max_series;
  config.metrics = {metric};
  plan::ProbePlan plan;
  plan::PlannedProbe& probe = plan.probes.emplace_back();
  probe.labels_size = 8;
  probe.values_size = values_size;
  probe.slots = slots;
  plan::PlannedRecord record;
  record.metric = metric.name;
  probe.records = {record};
  return binary_map_memory(config, plan).value_or(0);
}

TEST(MapMemory, GrowsWithTheLimits) {
  const auto cpus = static_cast<std::uint64_t>(libbpf_num_possible_cpus());
  // Powers of two less the overflow series, so that nothing is rounded.
  const std::uint64_t small = memory((1U << 14) - 1);
  const std::uint64_t more_series = memory((1U << 15) - 1) - small;
  // Key and value, their place in a bucket, the slot of a series that is gone, shared numbers and those of
  // each CPU.
  EXPECT_NEAR(static_cast<double>(more_series),
              static_cast<double>((1U << 14) * (48 + 16 + 8 + 16 + 8 + 8 + 8 + 8 * cpus)), 4096 * 4);
  EXPECT_NEAR(static_cast<double>(memory((1U << 14) - 1, 11) - small),
              static_cast<double>((1U << 14) * 10 * 8 * (1 + cpus)), 4096 * 4);
}

TEST(MapMemory, GrowsWithTheCallsInFlight) {
  // frame_stride is 128 for 8 bytes of values and 192 for 104: five frames are kept for each goroutine, four
  // of them spilled.
  const std::uint64_t narrow = memory(1000);
  EXPECT_GT(memory(1000, 1, 2000), narrow + 1000 * 8 * 64);
  EXPECT_GT(memory(1000, 1, 1000, 104), narrow + 1000 * 8 * 64);
}

TEST(MapMemory, IsKnownWithoutAnyProbe) {
  ASSERT_OK_AND_ASSIGN(const std::uint64_t shared, shared_map_memory());
  EXPECT_GT(shared, 5U << 20);  // records of 8192 processes
  EXPECT_LT(shared, 64U << 20);
}

}  // namespace
}  // namespace attach
