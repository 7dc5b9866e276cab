// What a hit costs is measured on the test program itself. Needs root and BPF.
#include "attach/calibrate.hpp"

#include <gtest/gtest.h>

#include "attach/kernel_support.hpp"

namespace bpf_test {
namespace {

void expect_sane(const attach::HitCosts& costs) {
  EXPECT_TRUE(costs.is_measured);
  for (const attach::HitCost& cost : {costs.emulated_entry, costs.stepped_entry, costs.at_return}) {
    // A trap into the kernel and out of it takes longer than any call; 200 us would be a machine that stands
    // still.
    EXPECT_GT(cost.stranger_ns, 50);
    EXPECT_LT(cost.stranger_ns, 200'000);
    // A program that reads and records does more than one that looks and leaves.
    EXPECT_GT(cost.target_ns, cost.stranger_ns);
    EXPECT_LT(cost.target_ns, cost.stranger_ns + 20'000);
  }
}

attach::KernelSupport kernel() {
  const auto kernel = attach::probe_kernel();
  EXPECT_TRUE(kernel.has_value());
  return kernel.value_or(attach::KernelSupport{});
}

TEST(Calibrate, AStepCostsMoreThanAnEmulatedInstruction) {
  const auto costs = attach::measure_hit_costs(kernel());
  ASSERT_TRUE(costs.has_value()) << costs.error().message;
  expect_sane(*costs);
  EXPECT_LT(costs->emulated_entry.stranger_ns, costs->stepped_entry.stranger_ns);
  EXPECT_LT(costs->emulated_entry.target_ns, costs->stepped_entry.target_ns);
}

TEST(Calibrate, WorksByPerfEvents) {
  attach::KernelSupport older = kernel();
  older.uprobe_multi = false;
  const auto costs = attach::measure_hit_costs(older);
  ASSERT_TRUE(costs.has_value()) << costs.error().message;
  expect_sane(*costs);
}

TEST(Calibrate, LeavesNothingThatCosts) {
  ASSERT_TRUE(attach::measure_hit_costs(kernel()).has_value());
  // A second one begins from a program without breakpoints: what is left would be part of `without`, and
  // missing.
  const auto costs = attach::measure_hit_costs(kernel());
  ASSERT_TRUE(costs.has_value());
  expect_sane(*costs);
}

}  // namespace
}  // namespace bpf_test
