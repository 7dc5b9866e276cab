// Userspace's hand in the records of calls, while the calls run. Needs root and BPF.
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "bpf/probe_fixture.hpp"

namespace bpf_test {
namespace {

using config::MetricKind;
using config::RecordKind;

class CallRecordsTest : public ProbeTest {
 protected:
  // Calls of probed_outer, counted while they run, and measured.
  void attach_outer(bool outermost = false) {
    config::Metric running;
    running.name = "running";
    running.kind = MetricKind::kGauge;
    config::Metric duration;
    duration.name = "duration";
    duration.kind = MetricKind::kHistogram;
    config_.metrics = {running, duration};
    plan::ProbePlan plan = empty_plan();
    plan::PlannedProbe probe = framed_probe("outer", 0);
    probe.outermost = outermost;
    probe.records = {{.metric = "running", .kind = RecordKind::kInFlight},
                     {.metric = "duration", .kind = RecordKind::kDuration, .at_return = true, .bounds = {1}}};
    probe.slots = 3;
    plan.probes = {probe};
    attach(std::move(plan));
  }

  void call(std::function<void()> inside = [] {}) {
    go_call_function(probed_outer, goroutine_, {}, std::move(inside));
  }
};

TEST_F(CallRecordsTest, AnEndedCallIsNoMore) {
  attach_outer();
  const attach::CallRecords records = this->records();
  call([&] {
    ASSERT_EQ(frames_left(), 1u);
    ended_call seen = collect::ended_call_of(frames()[0]);
    seen.start_ns += 1;
    EXPECT_FALSE(records.end(seen));
    EXPECT_EQ(total("running"), 1);
    seen.start_ns -= 1;
    EXPECT_TRUE(records.end(seen));
    EXPECT_FALSE(records.end(seen));
    EXPECT_EQ(total("running"), 0);
  });
  EXPECT_EQ(total("duration"), 0);
  EXPECT_EQ(loss("unwound"), 1u);
  EXPECT_EQ(loss("no_entry"), 1u);
  call();
  EXPECT_EQ(total("duration"), 1);
  EXPECT_EQ(frames_left(), 0u);
  EXPECT_EQ(loss("unwound"), 1u);
}

TEST_F(CallRecordsTest, ACallWhoseBeginIsUnknownEndsWithItsReturn) {
  attach_outer();
  const attach::CallRecords records = this->records();
  call([&] {
    // As if it had begun before the probe was attached.
    const collect::RawFrame frame = frames().at(0);
    const attach::LateCall late{.probe = frame.probe, .function = 0, .depth = frame.depth};
    EXPECT_FALSE(records.insert(frame.process, frame.goroutine, std::array{late}));
    records.forget(frame.process, frame.goroutine);
    EXPECT_EQ(total("running"), 0);
    EXPECT_TRUE(records.insert(frame.process, frame.goroutine, std::array{late}));
    EXPECT_EQ(total("running"), 1);
    call();
    EXPECT_EQ(total("running"), 1);
  });
  EXPECT_EQ(total("running"), 0);
  EXPECT_EQ(total("duration"), 1);
  EXPECT_EQ(loss("no_entry"), 1u);
  EXPECT_EQ(frames_left(), 0u);
}

TEST_F(CallRecordsTest, NestedCallsInALateOneAreNotTheOutermost) {
  attach_outer(true);
  const attach::CallRecords records = this->records();
  call([&] {
    const collect::RawFrame frame = frames().at(0);
    records.forget(frame.process, frame.goroutine);
    const attach::LateCall late{.probe = frame.probe, .function = 0, .depth = frame.depth};
    ASSERT_TRUE(records.insert(frame.process, frame.goroutine, std::array{late}));
    call([&] { EXPECT_EQ(total("running"), 1); });
    EXPECT_EQ(total("running"), 1);
  });
  EXPECT_EQ(frames_left(), 0u);
}

TEST_F(CallRecordsTest, ManyCallsOfOneGoroutineSpill) {
  attach_outer();
  const attach::CallRecords records = this->records();
  std::uint16_t probe = 0;
  std::uint32_t process = 0;
  call([&] {
    probe = frames().at(0).probe;
    process = frames().at(0).process;
  });
  std::vector<attach::LateCall> calls;
  for (std::uint32_t depth = 1000; depth < 1010; ++depth) {
    calls.push_back({.probe = probe, .function = 0, .depth = depth});
  }
  ASSERT_TRUE(records.insert(process, 4711, calls));
  EXPECT_EQ(total("running"), 10);
  EXPECT_TRUE(records.end(collect::ended_call_of(frames().at(7))));
  EXPECT_EQ(total("running"), 9);
  records.forget(process, 4711);
  EXPECT_EQ(frames_left(), 0u);
  EXPECT_EQ(loss("unwound"), 0u);
}

// A call is ended by its return or by userspace, never by both and never by none, and neither takes another
// call for it.
TEST_F(CallRecordsTest, EndingDoesNotHitTheNextCall) {
  attach_outer();
  const attach::CallRecords records = this->records();
  // Until both sides have had their turn, however the scheduler places them.
  constexpr int kCalls = 5'000;
  constexpr int kMostCalls = 2'000'000;
  int calls = 0;
  std::atomic<bool> done = false;
  std::atomic<std::uint64_t> ended = 0;
  {
    const std::jthread other([&] {
      while (!done) {
        for (const collect::RawFrame& frame : frames()) {
          ended += records.end(collect::ended_call_of(frame)) ? 1u : 0u;
        }
      }
    });
    for (; calls < kCalls || (ended == 0 && calls < kMostCalls); ++calls) {
      call([] { std::this_thread::yield(); });
    }
    done = true;
  }
  EXPECT_GT(ended, 0u);
  EXPECT_EQ(frames_left(), 0u);
  EXPECT_EQ(loss("unwound"), ended);
  EXPECT_EQ(loss("no_entry"), ended);
  EXPECT_EQ(total("duration") + static_cast<double>(ended), calls);
}

TEST_F(CallRecordsTest, AProcessHasItsNumberBeforeItsFirstHit) {
  attach_outer();
  ASSERT_TRUE(watch().number_processes(std::array{::getpid(), ::getppid()}).has_value());
  ASSERT_TRUE(watch().number_processes(std::array{::getpid()}).has_value());
  std::uint32_t process = 0;
  call([&] { process = frames().at(0).process; });
  EXPECT_TRUE(process == 1 || process == 2) << process;
}

}  // namespace
}  // namespace bpf_test
