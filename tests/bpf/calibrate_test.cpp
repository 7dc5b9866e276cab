// What a hit costs is measured on the test program itself. Needs root and BPF. How long anything takes is up
// to the machine: attach/call_times has the arithmetic, and here is what holds on a busy one, too.
#include "attach/calibrate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "attach/calibration_calls.hpp"
#include "attach/kernel_support.hpp"

namespace bpf_test {
namespace {

using testing::HasSubstr;

// The instructions that are probed, as they are in memory: a breakpoint is seen there.
std::vector<char> probed_instructions() {
  std::vector<char> bytes;
  for (const char* instruction : {attach::calibration_push, attach::calibration_step,
                                  attach::calibration_pair, attach::calibration_return}) {
    const char now = *static_cast<const volatile char*>(instruction);
    bytes.push_back(now);
  }
  return bytes;
}

void measure(const attach::KernelSupport& kernel) {
  const std::vector<char> before = probed_instructions();
  const auto costs = attach::measure_hit_costs(kernel);
  if (costs) {
    EXPECT_TRUE(costs->is_measured);
  } else {
    // Something else ran. A breakpoint that is not hit says so in other words.
    EXPECT_THAT(costs.error().message, HasSubstr("makes no sense"));
  }
  EXPECT_EQ(probed_instructions(), before);
}

attach::KernelSupport kernel() {
  const auto kernel = attach::probe_kernel();
  EXPECT_TRUE(kernel.has_value());
  return kernel.value_or(attach::KernelSupport{});
}

TEST(Calibrate, HitsItsBreakpointsAndLeavesNone) {
  measure(kernel());
}

TEST(Calibrate, WorksByPerfEvents) {
  attach::KernelSupport older = kernel();
  older.uprobe_multi = false;
  measure(older);
}

}  // namespace
}  // namespace bpf_test
