#include "units/probe_costs.hpp"

#include <gtest/gtest.h>

namespace units {
namespace {

constexpr attach::HitCosts kPrices{.emulated_entry = {.target_ns = 1000, .stranger_ns = 600},
                                   .stepped_entry = {.target_ns = 9000, .stranger_ns = 8000},
                                   .at_return = {.target_ns = 10000, .stranger_ns = 8500},
                                   .is_measured = true};
const ProbeId kId{"shop", "order"};

plan::PlannedProbe probe_at(const std::vector<std::string>& instructions) {
  plan::PlannedProbe probe;
  for (const std::string& instruction : instructions) {
    probe.entry_sites.push_back({.instruction = instruction});
  }
  return probe;
}

TEST(CostOf, AddsUpEntriesAndReturns) {
  const ProbeCost cost =
      cost_of(probe_at({"push rbp"}), {.entries = 3'000'000, .returns = 1'000'000}, kPrices);
  EXPECT_DOUBLE_EQ(cost.target_seconds, 3.0 + 10.0);
  EXPECT_EQ(cost.stranger_seconds, 0);
}

TEST(CostOf, TellsStrangersApart) {
  const ProbeCost cost = cost_of(probe_at({"push rbp"}),
                                 {.entries = 3'000'000,
                                  .returns = 2'000'000,
                                  .stranger_entries = 1'000'000,
                                  .stranger_returns = 2'000'000},
                                 kPrices);
  EXPECT_DOUBLE_EQ(cost.target_seconds, 2.0);
  EXPECT_DOUBLE_EQ(cost.stranger_seconds, 0.6 + 17.0);
}

TEST(CostOf, ReckonsMixedSitesAsTheDearerKind) {
  const collect::ProbeHits hits{.entries = 1'000'000};
  EXPECT_DOUBLE_EQ(cost_of(probe_at({"sub rsp, 0x18"}), hits, kPrices).target_seconds, 9.0);
  EXPECT_DOUBLE_EQ(cost_of(probe_at({"push rbp", "mov rax, rbx"}), hits, kPrices).target_seconds, 9.0);
}

TEST(CostMeter, CountsWhatComesAfterTheFirstTime) {
  CostMeter meter(kPrices);
  const plan::PlannedProbe probe = probe_at({"push rbp"});
  meter.update(kId, probe, 7, {.entries = 5'000'000});
  EXPECT_EQ(meter.costs().at(kId).target_seconds, 0);
  meter.update(kId, probe, 7, {.entries = 6'000'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 1.0);
  meter.update(kId, probe, 7, {.entries = 6'000'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 1.0);
}

// The price of a hit is measured when probes are attached and have been hit already, also by an exporter
// before.
TEST(CostMeter, ANewPriceIsForWhatComesAfterIt) {
  CostMeter meter(kPrices);
  const plan::PlannedProbe probe = probe_at({"push rbp"});
  meter.update(kId, probe, 7, {.entries = 5'000'000});
  meter.update(kId, probe, 7, {.entries = 6'000'000});
  meter.use({.emulated_entry = {.target_ns = 2000, .stranger_ns = 600}});
  meter.update(kId, probe, 7, {.entries = 6'000'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 1.0);
  meter.update(kId, probe, 7, {.entries = 7'000'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 3.0);
  meter.use(kPrices);
  meter.update(kId, probe, 7, {.entries = 7'000'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 3.0);
}

TEST(CostMeter, NeverGoesDown) {
  CostMeter meter(kPrices);
  const plan::PlannedProbe probe = probe_at({"push rbp"});
  meter.update(kId, probe, 7, {});
  meter.update(kId, probe, 7, {.entries = 2'000'000});
  // The kernel's count begins at 0 again.
  meter.update(kId, probe, 7, {.entries = 1'000'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 3.0);
  // The number is another probe's now.
  meter.update({"cart", "add"}, probe, 7, {.entries = 9'000'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 3.0);
  EXPECT_EQ(meter.costs().at({"cart", "add"}).target_seconds, 0);
}

TEST(CostMeter, SeesInReturnsAloneThatTheKernelBeganAnew) {
  CostMeter meter(kPrices);
  const plan::PlannedProbe probe = probe_at({"push rbp"});
  meter.update(kId, probe, 7, {});
  meter.update(kId, probe, 7, {.entries = 1'000'000, .returns = 1'000'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 1.0 + 10.0);
  // Entries have caught up already; half of the calls have not returned.
  meter.update(kId, probe, 7, {.entries = 1'000'000, .returns = 500'000});
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 11.0 + 1.0 + 5.0);
}

TEST(CostMeter, IsNotDeceivedByCountsOfDifferentMoments) {
  CostMeter meter(kPrices);
  const plan::PlannedProbe probe = probe_at({"push rbp"});
  meter.update(kId, probe, 7, {});
  // Strangers only, who hit it between the two looks.
  for (std::uint64_t hits = 1'000'000; hits <= 4'000'000; hits += 1'000'000) {
    meter.update(kId, probe, 7, {.entries = hits, .stranger_entries = hits + 500'000});
  }
  meter.update(kId, probe, 7, {.entries = 5'000'000, .stranger_entries = 5'000'000});
  EXPECT_EQ(meter.costs().at(kId).target_seconds, 0);
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).stranger_seconds, 3.0);
}

TEST(CostMeter, AddsUpTheBinariesOfAService) {
  CostMeter meter(kPrices);
  const plan::PlannedProbe probe = probe_at({"push rbp"});
  for (const std::uint16_t number : {std::uint16_t{7}, std::uint16_t{8}}) {
    meter.update(kId, probe, number, {});
    meter.update(kId, probe, number, {.entries = 1'000'000});
  }
  EXPECT_DOUBLE_EQ(meter.costs().at(kId).target_seconds, 2.0);
}

}  // namespace
}  // namespace units
