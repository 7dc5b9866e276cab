// Returns that the programs do themselves, and what must be left to the processor. On a kernel that does not
// let programs write registers all of it is stepped, with the same results.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "bpf/probe_fixture.hpp"

namespace bpf_test {
namespace {

config::Metric histogram(std::string name) {
  config::Metric metric;
  metric.name = std::move(name);
  metric.kind = config::MetricKind::kHistogram;
  return metric;
}

plan::PlannedProbe duration_probe(const std::string& name) {
  plan::PlannedProbe probe = framed_probe(name, 0);
  plan::PlannedRecord record;
  record.metric = name;
  record.kind = config::RecordKind::kDuration;
  record.at_return = true;
  record.bounds = {1'000'000'000'000};
  probe.records = {record};
  probe.slots = 3;
  return probe;
}

// The results of the function, which a return that is done twice or at the wrong place would spoil.
void call_and_check(Goroutine& goroutine, int times) {
  for (int i = 0; i < times; ++i) {
    const auto result = static_cast<std::uint64_t>(i);
    Body body;
    body.run = [](void*) {};
    body.results = {result, result + 1, result + 2};
    go_call call{.function = probed_outer, .g = &goroutine, .registers = {}, .context = &body};
    call_as_go(&call);
    ASSERT_EQ(call.registers[0], result);
    ASSERT_EQ(call.registers[1], result + 1);
    ASSERT_EQ(call.registers[2], result + 2);
  }
}

class ReturnTest : public ProbeTest {
 protected:
  plan::ProbePlan durations(int count) {
    plan::ProbePlan plan = empty_plan();
    config_.metrics.clear();
    for (int i = 0; i < count; ++i) {
      const std::string name = "duration_" + std::to_string(i);
      config_.metrics.push_back(histogram(name));
      plan.probes.push_back(duration_probe(name));
    }
    return plan;
  }

  std::atomic<int> calls_ = 0;

  void expect_all_counted(int probes, int calls) {
    for (int i = 0; i < probes; ++i) {
      EXPECT_EQ(total("duration_" + std::to_string(i)), calls);
    }
    EXPECT_EQ(frames_left(), 0U);
    EXPECT_EQ(loss("no_entry"), 0U);
    EXPECT_EQ(loss("unwound"), 0U);
  }
};

TEST_F(ReturnTest, IsDoneOnceByAnyNumberOfProbesAtOneSite) {
  attach(durations(5));
  call_and_check(goroutine_, 1000);
  expect_all_counted(5, 1000);
}

// As with two services that share a file, or two exporters: programs of one know nothing of the other's.
TEST_F(ReturnTest, IsDoneOnceBesideAnotherUnit) {
  attach(durations(2));
  call_and_check(goroutine_, 100);
  attach_beside(durations(2));
  call_and_check(goroutine_, 1000);
  expect_all_counted(2, 1000);
  swap_binaries();
  expect_all_counted(2, 1100);
}

// Then two generations are at one RET, whose programs the kernel calls one after another.
TEST_F(ReturnTest, IsDoneOnceWhileGenerationsChange) {
  attach(durations(2));
  call_and_check(goroutine_, 100);
  std::jthread caller([&](const std::stop_token& stop) {
    Goroutine other{.goid = 8};
    other.stack_hi = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)) + (1U << 20U);
    while (!stop.stop_requested()) {
      call_and_check(other, 1);
      calls_.fetch_add(1);
    }
  });
  for (int i = 0; i < 3; ++i) {
    replace(durations(2));
  }
  caller.request_stop();
  caller.join();
  expect_all_counted(2, 100 + calls_.load());
}

// The trap flag is set for a debugger, which wants to see each instruction: returns as well.
TEST_F(ReturnTest, IsSteppedForADebugger) {
  attach(durations(1));
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    call_and_check(goroutine_, 3);
    ::_exit(42);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  while (WIFSTOPPED(status)) {
    ASSERT_TRUE(WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP) << WSTOPSIG(status);
    ASSERT_EQ(::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr), 0);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
  }
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 42);
  EXPECT_EQ(total("duration_0"), 3);
}

}  // namespace
}  // namespace bpf_test
