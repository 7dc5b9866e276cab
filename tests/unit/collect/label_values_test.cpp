#include "collect/label_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace collect {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

config::Metric metric_with_labels(std::vector<std::string> labels) {
  config::Metric metric;
  metric.labels = std::move(labels);
  return metric;
}

// A binary that learns gateway_id.
attach::AttachedBinary binary_with_identity() {
  attach::AttachedBinary binary;
  plan::PlannedProbe identity;
  identity.services = {"gateway"};
  identity.identity = {{.label = "gateway_id", .object = 4}};
  identity.labels = {{.name = "gateway_id", .kind = plan::LabelField::Kind::kString, .offset = 0, .size = 6}};
  binary.plan.probes = {identity};
  return binary;
}

// "g1" of process 7 was learned just now, "g9" of process 9 before.
std::optional<std::vector<std::string>> values_of(std::uint32_t process, bool exited,
                                                  std::vector<std::string> labels = {"service", "status",
                                                                                     "gateway_id"}) {
  const ProcessTable processes{{9, {.services = {"gateway"}, .labels = {{"gateway/gateway_id", "g9"}}}}};
  Identities identities(processes);
  const std::vector<std::byte> values{std::byte{2},   std::byte{0}, std::byte{'g'},
                                      std::byte{'1'}, std::byte{0}, std::byte{0}};
  identities.add(binary_with_identity(), {{.process = 7, .object = 4, .address = 0, .values = values},
                                          {.process = 9, .object = 4, .address = 0, .values = values},
                                          {.process = 8, .object = 5, .address = 0, .values = values}});
  plan::PlannedProbe probe;
  probe.labels = {{.name = "status", .kind = plan::LabelField::Kind::kConstant, .cases = {"ok"}}};
  plan::PlannedRecord record;
  record.labels = {"service", "status", "gateway_id"};
  const config::Metric metric = metric_with_labels(std::move(labels));
  const plan::ProbePlan plan;
  return label_values({.metric = &metric, .record = &record, .probe = &probe, .plan = &plan},
                      {.process = process, .function = 0, .values = {}}, "gateway", identities, exited);
}

TEST(LabelValues, JoinsProbeServiceAndProcess) {
  EXPECT_THAT(values_of(7, false), Optional(ElementsAre("gateway", "ok", "g1")));
}

TEST(LabelValues, WaitsForALabelThatIsNotLearnedYet) {
  EXPECT_EQ(values_of(8, false), std::nullopt);
}

TEST(LabelValues, DoesNotWaitForAProcessThatIsGone) {
  EXPECT_THAT(values_of(8, true), Optional(ElementsAre("gateway", "ok", "")));
}

TEST(LabelValues, TheFirstValueOfAProcessLabelHolds) {
  EXPECT_THAT(values_of(9, false), Optional(ElementsAre("gateway", "ok", "g9")));
}

TEST(LabelValues, ALabelThatTheMetricDidNotHaveIsEmpty) {
  EXPECT_THAT(values_of(8, false, {"status", "code", "service"}), Optional(ElementsAre("ok", "", "gateway")));
}

TEST(ServiceOf, IsTheFirstOfTheProbesServices) {
  plan::PlannedProbe probe;
  probe.services = {"logic", "task"};
  EXPECT_EQ(service_of({.services = {"task", "logic"}}, probe), "logic");
  EXPECT_EQ(service_of({.services = {"gateway"}}, probe), std::nullopt);
}

}  // namespace
}  // namespace collect
