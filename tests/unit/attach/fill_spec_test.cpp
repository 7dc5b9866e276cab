#include "attach/fill_spec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "abi/maps.h"
#include "support/result_matchers.hpp"

namespace attach {
namespace {

using config::RecordKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

plan::PlannedRecord histogram(std::vector<std::int64_t> bounds, std::uint16_t slot) {
  plan::PlannedRecord record;
  record.kind = RecordKind::kDuration;
  record.at_return = true;
  record.slot = slot;
  record.bounds = std::move(bounds);
  return record;
}

struct Filled {
  plan::ProbePlan plan{.runtime = inspect::Runtime::kGo,
                       .runtime_version = "go1.25.4",
                       .goroutine = {.goid = 152, .stack_hi = 8}};
  plan::PlannedProbe probe;
  std::array<std::uint16_t, 2> numbers{4, 9};
  SpecContext context{.kernel = {.uprobe_multi = true, .sleepable = true, .loop_helper = true},
                      .services = 2,
                      .number = 4,
                      .frame_stride = 64,
                      .series_limit = 100};

  base::Result<probe_spec> spec() {
    context.numbers = numbers;
    return fill_spec(plan, probe, context);
  }
};

TEST(FillSpec, TakesWhatThePlanSays) {
  Filled filled;
  filled.probe.framed = true;
  filled.probe.outermost = true;
  filled.probe.labels_size = 10;
  filled.probe.values_size = 18;
  filled.probe.slots = 3;
  filled.probe.enter.operations = {{.code = OP_ARGUMENT}};
  filled.probe.enter.text = "abc";
  filled.probe.enter.when = 5;
  ASSERT_OK_AND_ASSIGN(const probe_spec spec, filled.spec());
  EXPECT_EQ(spec.probe, 4);
  EXPECT_EQ(spec.services, 2u);
  EXPECT_EQ(spec.goroutine, GOROUTINE_GO);
  EXPECT_EQ(spec.goid_offset, 152);
  EXPECT_EQ(spec.stack_hi_offset, 8);
  EXPECT_EQ(spec.key_size, sizeof(series_key) + 10);
  EXPECT_EQ(spec.values_size, 18);
  EXPECT_EQ(spec.slots, 3);
  EXPECT_EQ(spec.framed, 1);
  EXPECT_EQ(spec.outermost, 1);
  EXPECT_EQ(spec.sleepable, 1);
  EXPECT_EQ(spec.loop_helper, 1);
  EXPECT_EQ(spec.counts_unwound, 0);
  EXPECT_EQ(spec.enter.operation_count, 1);
  EXPECT_EQ(spec.enter.when, 5);
  EXPECT_EQ(spec.leave.when, SOURCE_NONE);
  EXPECT_STREQ(spec.enter.text, "abc");
}

TEST(FillSpec, PutsRecordsIntoTheirPhase) {
  Filled filled;
  plan::PlannedRecord poll;
  poll.kind = RecordKind::kPoll;
  poll.value = 7;
  poll.object = 3;
  plan::PlannedRecord in_flight;
  in_flight.kind = RecordKind::kInFlight;
  filled.probe.records = {poll, in_flight, histogram({10, 20}, 1)};
  ASSERT_OK_AND_ASSIGN(const probe_spec spec, filled.spec());
  ASSERT_EQ(spec.enter.record_count, 1);
  EXPECT_EQ(spec.enter.records[0].kind, RECORD_OBJECT_ADD);
  EXPECT_EQ(spec.enter.records[0].value, 7);
  EXPECT_EQ(spec.enter.records[0].object, 3u);
  ASSERT_EQ(spec.leave.record_count, 1);
  EXPECT_EQ(spec.leave.records[0].kind, RECORD_HISTOGRAM);
  EXPECT_EQ(spec.leave.records[0].value, SOURCE_DURATION);
  EXPECT_EQ(spec.leave.records[0].slot, 1);
  EXPECT_EQ(spec.leave.records[0].bounds, 2);
}

TEST(FillSpec, SharesEqualBounds) {
  Filled filled;
  filled.probe.records = {histogram({1, 2, 3}, 0), histogram({7}, 5), histogram({1, 2, 3}, 8)};
  ASSERT_OK_AND_ASSIGN(const probe_spec spec, filled.spec());
  EXPECT_EQ(spec.leave.records[0].bound, 0);
  EXPECT_EQ(spec.leave.records[1].bound, 3);
  EXPECT_EQ(spec.leave.records[2].bound, 0);
  EXPECT_THAT(std::vector<__u64>(spec.bounds, spec.bounds + 5), ElementsAre(1, 2, 3, 7, 0));
}

TEST(FillSpec, NamesTheTargetOfAContribution) {
  Filled filled;
  filled.probe.contributions = {{.target = 1, .source = 2, .destination = 4, .length = 6, .at_return = true}};
  ASSERT_OK_AND_ASSIGN(const probe_spec spec, filled.spec());
  ASSERT_EQ(spec.leave.record_count, 1);
  EXPECT_EQ(spec.leave.records[0].kind, RECORD_CONTRIBUTE);
  EXPECT_EQ(spec.leave.records[0].target, 9);
  EXPECT_EQ(spec.leave.records[0].source, 2);
  EXPECT_EQ(spec.leave.records[0].destination, 4);
  EXPECT_EQ(spec.leave.records[0].length, 6);
}

TEST(FillSpec, SeesThatPanicsCount) {
  Filled filled;
  filled.probe.leave.operations = {{.code = OP_PANICKED}};
  ASSERT_OK_AND_ASSIGN(const probe_spec spec, filled.spec());
  EXPECT_EQ(spec.counts_unwound, 1);
}

TEST(FillSpec, RefusesMoreThanAProgramHolds) {
  Filled filled;
  filled.probe.enter.operations.resize(ABI_OPERATIONS + 1);
  EXPECT_THAT(filled.spec(), support::IsError(base::ErrorCode::kUnsupported, HasSubstr("65 operations")));
  filled.probe.enter.operations.clear();
  filled.probe.records.assign(ABI_RECORDS + 1, histogram({1}, 0));
  EXPECT_THAT(filled.spec(),
              support::IsError(base::ErrorCode::kUnsupported, HasSubstr("write a second probe")));
}

TEST(FillSpec, ReservesRoomForTheWidestFrame) {
  plan::ProbePlan plan;
  EXPECT_EQ(frame_stride_of(plan), 64);
  plan.probes.resize(2);
  plan.probes[1].values_size = 64 - sizeof(frame);
  EXPECT_EQ(frame_stride_of(plan), 64);
  plan.probes[1].values_size += 1;
  EXPECT_EQ(frame_stride_of(plan), 128);
}

}  // namespace
}  // namespace attach
