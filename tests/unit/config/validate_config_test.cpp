// Rules that hold for configs however they came about; messages as users see them: invalid_configs_test.cpp.
#include "config/validate_config.hpp"

#include <gtest/gtest.h>

#include <string>

#include "config/parse_expression.hpp"

namespace config {
namespace {

LocatedExpression expression(const std::string& text) {
  return {parse_expression(text).value(), text, {1, 1}};
}

Record record(std::string metric, RecordKind kind) {
  Record result;
  result.metric = std::move(metric);
  result.kind = kind;
  return result;
}

Metric metric(std::string name, MetricKind kind, std::vector<std::string> labels = {}) {
  Metric result;
  result.name = std::move(name);
  result.kind = kind;
  result.labels = std::move(labels);
  return result;
}

// One service, one probe; the tests add what they are about.
ProbeConfig small_config() {
  ProbeConfig config;
  config.services.push_back({"shop", {"*/shop", {}, {}}, {}, {}});
  config.metrics.push_back(metric("orders_total", MetricKind::kCounter));
  Probe probe;
  probe.name = "order";
  probe.services = {"shop"};
  probe.functions = {"shop.Order"};
  probe.records.push_back(record("orders_total", RecordKind::kCount));
  config.probes.push_back(std::move(probe));
  return config;
}

std::string problems_of(const ProbeConfig& config, const Unread& unread = {}) {
  Problems problems;
  validate_config(config, unread, problems);
  return problems.empty() ? "" : problems.error("f").message;
}

TEST(ValidateConfig, AcceptsASmallConfig) {
  EXPECT_EQ(problems_of(small_config()), "");
}

TEST(ValidateConfig, TakesServiceAndIdentityAsLabels) {
  ProbeConfig config = small_config();
  config.metrics[0].labels = {"service", "node"};
  EXPECT_EQ(problems_of(config),
            "f:0:0: label \"node\" of metric \"orders_total\" is not fed by probe \"order\"; it "
            "has: service");
  config.services[0].identity.push_back({"node", {"a.F"}, std::nullopt, expression("recv.node"), {}});
  EXPECT_EQ(problems_of(config), "");
}

TEST(ValidateConfig, AcceptsAServiceWithoutProbes) {
  ProbeConfig config = small_config();
  config.services.push_back({"idle", {"*/idle", {}, {}}, {}, {}});
  EXPECT_EQ(problems_of(config), "");
}

TEST(ValidateConfig, StaysSilentAboutWhatCouldNotBeRead) {
  ProbeConfig config = small_config();
  config.metrics.push_back(metric("unknown_kind", MetricKind::kCounter));
  EXPECT_NE(problems_of(config), "");
  EXPECT_EQ(problems_of(config, {{"unknown_kind"}, false}), "");
  EXPECT_EQ(problems_of(config, {{}, true}), "");
}

TEST(ValidateConfig, ComparesRatioValuesOnlyWhereTheyAreKnown) {
  ProbeConfig config = small_config();
  config.metrics[0].labels = {"result"};
  config.metrics.push_back(metric("hit_rate", MetricKind::kRatio));
  config.metrics[1].ratio = RatioOf{"orders_total", "result", "yes", "no", std::chrono::seconds(60)};
  ValueLabel value;
  value.value = expression("recv.result");
  config.probes[0].labels.push_back({"result", value, {}});
  EXPECT_EQ(problems_of(config), "");
  config.probes[0].labels[0].source = CasesLabel{{{"yes", expression("ret0 == nil")}}, "never"};
  EXPECT_EQ(problems_of(config),
            "f:0:0: metric \"hit_rate\": label \"result\" of \"orders_total\" is never \"no\"; it "
            "is one of yes, never");
}

TEST(ValidateConfig, AcceptsAGaugeThatGoesUpAndDown) {
  ProbeConfig config = small_config();
  config.metrics.push_back(metric("objects", MetricKind::kGauge));
  config.probes[0].records.push_back(record("objects", RecordKind::kPairUp));
  EXPECT_EQ(problems_of(config),
            "f:0:0: gauge \"objects\" only goes up; record add: -1 with the same key where the "
            "object goes");
  Probe down = config.probes[0];
  down.name = "cancel";
  down.records = {record("objects", RecordKind::kPairDown)};
  config.probes.push_back(down);
  EXPECT_EQ(problems_of(config), "");
}

TEST(ValidateConfig, AcceptsResultsInLabelsOfMetricsCountedAtReturn) {
  ProbeConfig config = small_config();
  config.metrics[0].labels = {"status"};
  config.metrics.push_back(metric("open", MetricKind::kGauge));
  config.probes[0].records.push_back(record("open", RecordKind::kInFlight));
  config.probes[0].labels.push_back({"status", CasesLabel{{{"error", expression("ret0 != nil")}}, "ok"}, {}});
  EXPECT_EQ(problems_of(config), "");
  config.metrics[1].labels = {"status"};
  EXPECT_NE(problems_of(config), "");
}

}  // namespace
}  // namespace config
