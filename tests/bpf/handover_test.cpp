// One generation of programs takes over from another while calls go on.
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "attach/gate.hpp"
#include "bpf/probe_fixture.hpp"

namespace bpf_test {
namespace {

using config::MetricKind;
using config::RecordKind;

class HandoverTest : public ProbeTest {
 protected:
  // A counter at entry, and one at return that knows whether the entry was seen.
  plan::ProbePlan counting_plan() {
    config_.metrics.clear();
    plan::ProbePlan plan = empty_plan();
    for (const char* name : {"calls", "returns"}) {
      config::Metric metric;
      metric.name = name;
      metric.kind = MetricKind::kCounter;
      config_.metrics.push_back(metric);
      plan::PlannedProbe probe = framed_probe(name, 0);
      plan::PlannedRecord record;
      record.metric = name;
      record.kind = RecordKind::kCount;
      record.at_return = probe.framed = config_.metrics.size() == 2;
      if (!probe.framed) {
        probe.return_sites.clear();
      }
      probe.records = {record};
      probe.slots = 1;
      plan.probes.push_back(std::move(probe));
    }
    return plan;
  }
};

// Calls as fast as it can until it is destroyed.
class Caller {
 public:
  explicit Caller(std::uint64_t goid)
      : thread_([this, goid](const std::stop_token& stop) { call(goid, stop); }) {}

  std::uint64_t stop() {
    thread_.request_stop();
    thread_.join();
    return calls_;
  }

 private:
  void call(std::uint64_t goid, const std::stop_token& stop) {
    Goroutine goroutine;
    goroutine.goid = goid;
    goroutine.stack_hi = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)) + (1u << 20);
    while (!stop.stop_requested()) {
      go_call_function(probed_outer, goroutine, {});
      ++calls_;
    }
  }

  std::uint64_t calls_ = 0;
  std::jthread thread_;
};

TEST_F(HandoverTest, NoCallIsCountedTwiceOrByNone) {
  attach(counting_plan());
  Caller one(101);
  Caller other(102);
  for (int generation = 0; generation < 5; ++generation) {
    replace(counting_plan());
  }
  const auto calls = static_cast<double>(one.stop() + other.stop());
  EXPECT_GT(calls, 10'000);
  EXPECT_EQ(total("calls"), calls);
  EXPECT_EQ(total("returns"), calls);
  EXPECT_EQ(loss("no_entry"), 0U);
  EXPECT_EQ(frames_left(), 0U);
}

TEST_F(HandoverTest, ACallThatBeganBeforeIsMeasured) {
  attach(counting_plan());
  go_call_function(probed_outer, goroutine_, {}, [&] { replace(counting_plan()); });
  EXPECT_EQ(total("calls"), 1);
  EXPECT_EQ(total("returns"), 1);
}

TEST_F(HandoverTest, ProbesThatComputeTheSameGoOnWithTheirCounts) {
  attach(counting_plan());
  const std::uint16_t before = binary().probes[1].number;
  go_call_function(probed_outer, goroutine_, {});
  plan::ProbePlan changed = counting_plan();
  changed.probes[0].labels = {{.name = "kind", .kind = plan::LabelField::Kind::kConstant, .cases = {"new"}}};
  replace(std::move(changed));
  EXPECT_EQ(binary().probes[1].number, before);
  EXPECT_EQ(total("calls"), 0);
  EXPECT_EQ(total("returns"), 1);
}

TEST_F(HandoverTest, MarksOfThreadsThatEndedAreGoneAfterIt) {
  attach(counting_plan());
  const handover_key key{.thread = 0xdead, .probe = binary().probes[0].number, .program = 0};
  const __u32 taken = 1;
  ASSERT_EQ(bpf_map_update_elem(watch().maps().handover_marks.value(), &key, &taken, BPF_ANY), 0);
  replace(counting_plan());
  handover_key left{};
  EXPECT_NE(bpf_map_get_next_key(watch().maps().handover_marks.value(), nullptr, &left), 0);
}

// Whatever changed, the return of a call that began before is one loss, and it is no panic.
TEST_F(HandoverTest, ACallInFlightOfAProbeThatChangesIsOneLoss) {
  const auto changed = [this] {
    plan::ProbePlan plan = counting_plan();
    plan.probes[1].labels = {{.name = "kind", .kind = plan::LabelField::Kind::kConstant, .cases = {"new"}}};
    return plan;
  };
  attach(counting_plan());
  go_call_function(probed_outer, goroutine_, {}, [&] { replace(changed()); });
  EXPECT_EQ(total("returns"), 0);
  EXPECT_EQ(loss("no_entry"), 1U);
  go_call_function(probed_outer, goroutine_, {});
  EXPECT_EQ(total("returns"), 1);
  EXPECT_EQ(loss("no_entry"), 1U);
  EXPECT_EQ(loss("unwound"), 0U);
  EXPECT_EQ(frames_left(), 0U);
}

// Links are closed one after another: without the gate, an entry would be seen whose return is not.
TEST_F(HandoverTest, BehindAShutGateNothingIsCountedOrLost) {
  attach(counting_plan());
  const std::array gates{attach::Gate{binary().gate, binary().generation}};
  go_call_function(probed_outer, goroutine_, {}, [&] {
    ASSERT_TRUE(attach::shut_gates(watch().maps(), gates).has_value());
    go_call_function(probed_inner, goroutine_, {});
  });
  go_call_function(probed_outer, goroutine_, {});
  EXPECT_EQ(total("calls"), 1);
  EXPECT_EQ(total("returns"), 0);
  EXPECT_EQ(loss("unwound"), 0U);
  EXPECT_EQ(loss("no_entry"), 0U);
  EXPECT_EQ(frames_left(), 1U);  // for the next generation
}

TEST_F(HandoverTest, AGateOfALaterGenerationIsNotShut) {
  attach(counting_plan());
  const std::array earlier{attach::Gate{binary().gate, binary().generation}};
  replace(counting_plan());
  ASSERT_TRUE(attach::shut_gates(watch().maps(), earlier).has_value());
  go_call_function(probed_outer, goroutine_, {});
  EXPECT_EQ(total("calls"), 1);
}

// Before its gate is opened a generation counts nothing: the calls are the older one's.
TEST_F(HandoverTest, AGenerationThatIsNotOpenedCountsNothing) {
  attach(counting_plan());
  const __u32 gate = binary().gate;
  const __u64 later = __u64{binary().generation + 1} << GATE_PHASE_BITS;
  ASSERT_EQ(bpf_map_update_elem(watch().maps().gates.value(), &gate, &later, BPF_ANY), 0);
  go_call_function(probed_outer, goroutine_, {});
  EXPECT_EQ(total("calls"), 0);
  EXPECT_EQ(total("returns"), 0);
}

}  // namespace
}  // namespace bpf_test
