#include "collect/unwound_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace collect {
namespace {

using ::testing::ElementsAre;

operation step(operation_code code, int d = 0, int a = 0, int b = 0, std::uint64_t imm = 0, int size = 0) {
  return {.code = static_cast<__u8>(code),
          .d = static_cast<__u8>(d),
          .a = static_cast<__u8>(a),
          .b = static_cast<__u8>(b),
          .size = static_cast<__u8>(size),
          .imm = imm};
}

// status: { hit: ret0 == nil, error: panicked }
plan::PlannedProbe probe_that_looks_at_panics() {
  plan::PlannedProbe probe;
  probe.leave.operations = {step(OP_CONSTANT, 2),         step(OP_BEGIN),
                            step(OP_ARGUMENT, 0, 0),      step(OP_CONSTANT, 1),
                            step(OP_EQUAL, 0, 0, 1),      step(OP_CASE, 2, 0, 0, 1),
                            step(OP_PANICKED, 0),         step(OP_CASE, 2, 0, 0, 2),
                            step(OP_STORE, 0, 2, 0, 0, 1)};
  plan::PlannedRecord count;
  count.kind = config::RecordKind::kCount;
  count.at_return = true;
  plan::PlannedRecord duration;
  duration.kind = config::RecordKind::kDuration;
  duration.at_return = true;
  duration.slot = 1;
  duration.bounds = {10};
  probe.records = {count, duration};
  probe.slots = 4;
  probe.labels_size = probe.values_size = 1;
  return probe;
}

TEST(UnwoundSeries, CountsWithPanickedTrueAndWithoutResultsOrDuration) {
  const RawUnwound calls{
      .probe = 1, .process = 3, .function = 2, .count = 5, .values = std::vector<std::byte>(1)};
  const RawSeries series = unwound_series(probe_that_looks_at_panics(), calls);
  EXPECT_EQ(series.process, 3u);
  EXPECT_EQ(series.function, 2);
  // There is no result: `ret0 == nil` does not hold, a panic is not a hit.
  EXPECT_THAT(series.values, ElementsAre(std::byte{2}));
  EXPECT_THAT(series.slots, ElementsAre(5, 0, 0, 0));
}

TEST(UnwoundSeries, RespectsTheProbesCondition) {
  plan::PlannedProbe probe = probe_that_looks_at_panics();
  probe.leave.operations.push_back(step(OP_CONSTANT, 5));
  probe.leave.when = 5;
  const RawUnwound calls{.count = 5, .values = std::vector<std::byte>(1)};
  EXPECT_THAT(unwound_series(probe, calls).slots, ElementsAre(0, 0, 0, 0));
}

}  // namespace
}  // namespace collect
