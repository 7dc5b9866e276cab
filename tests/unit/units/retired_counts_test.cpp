#include "units/retired_counts.hpp"

#include <gtest/gtest.h>

namespace units {
namespace {

plan::PlannedProbe probe(std::string name, bool at_return, bool has_condition = false) {
  plan::PlannedProbe result;
  result.name = std::move(name);
  result.records.emplace_back().at_return = at_return;
  if (has_condition) {
    result.enter.when = 3;
  }
  return result;
}

plan::ProbePlan plan_of(plan::PlannedProbe later) {
  plan::ProbePlan plan;
  plan.probes.push_back(std::move(later));
  return plan;
}

// The return is a loss of the probe that sees it.
TEST(EndOfCalls, IsLeftToTheProbeThatTakesThePlace) {
  EXPECT_EQ(end_of_calls(probe("p", true), plan_of(probe("p", true))), CALL_LEFT);
}

TEST(EndOfCalls, IsALossWhereNoProbeWillNoticeIt) {
  EXPECT_EQ(end_of_calls(probe("p", true), plan_of(probe("q", true))), CALL_LOST);
  EXPECT_EQ(end_of_calls(probe("p", true), plan_of(probe("p", false))), CALL_LOST);
  EXPECT_EQ(end_of_calls(probe("p", true), plan_of(probe("p", true, true))), CALL_LOST);
}

TEST(EndOfCalls, IsNoLossWhereNothingIsMeasuredAtTheReturn) {
  EXPECT_EQ(end_of_calls(probe("p", false), plan_of(probe("q", true))), CALL_LEFT);
}

TEST(IsCounted, CountersAndHistogramsOfTheConfigAlone) {
  config::ProbeConfig config;
  config.metrics.resize(2);
  config.metrics[0].name = "calls_total";
  config.metrics[1].name = "connections";
  config.metrics[1].kind = config::MetricKind::kGauge;
  collect::Sample sample;
  for (const auto& [metric, is_counted_there] :
       {std::pair("calls_total", true), std::pair("connections", false),
        std::pair("left_out_total", false)}) {
    sample.metric = metric;
    EXPECT_EQ(is_counted(config, sample), is_counted_there) << metric;
  }
}

}  // namespace
}  // namespace units
