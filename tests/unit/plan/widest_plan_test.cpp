#include "plan/output/widest_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse_config.hpp"
#include "support/result_matchers.hpp"

namespace plan {
namespace {

constexpr const char* kConfig = R"(
services:
  shop:
    match: { exe: "*/shop" }
    identity: { node: { function: main.start, value: recv.name } }
  other: { match: { exe: "*/other" } }
metrics:
  orders_total: { type: counter, help: Orders., labels: [kind, status, table, node] }
  order_ms: { type: histogram, help: Durations., unit: ms, labels: [kind], buckets: [1, 2, 3] }
  level: { type: gauge, help: Level. }
  others_total: { type: counter, help: Calls. }
probes:
  - name: orders
    service: shop
    function: main.order
    labels:
      kind: { value: o.Kind, max_length: 20 }
      status: { error: "ret0 != nil && len(o.Items) > limit", else: ok }
      table: { value: { within: main.query, read: ret0.Table } }
    record: [orders_total, order_ms]
  - name: level
    service: shop
    function: main.level
    record: [{ metric: level, set: n }]
  - { name: others, service: other, function: main.other, record: [others_total] }
)";

base::Result<config::ProbeConfig> shop_config() {
  return config::parse_config(kConfig, "shop.yaml");
}

TEST(WidestPlan, KnowsBytesAndSlotsFromTheConfig) {
  ASSERT_OK_AND_ASSIGN(const config::ProbeConfig config, shop_config());
  const ProbePlan plan = widest_plan(config, "shop");
  ASSERT_EQ(plan.probes.size(), 4U);  // orders, level, what is read in main.query, and what tells the node
  const PlannedProbe& orders = plan.probes[0];
  EXPECT_EQ(orders.name, "orders");
  // A byte says whether there is a value, two how long a text is; the name of a case is a byte.
  EXPECT_EQ(orders.labels_size, (1 + 2 + 20) + 1 + (1 + 2 + 64));
  // Five names of parameters and results, up to four words each.
  EXPECT_EQ(orders.values_size, 96 + 5 * 4 * 8);
  EXPECT_EQ(orders.slots, 1 + (3 + 2));
  EXPECT_EQ(plan.probes[1].slots, 2);
  EXPECT_EQ(plan.probes[2].labels_size, 1 + 2 + 64);
  EXPECT_EQ(plan.probes[3].labels_size, 1 + 2 + 128);
}

TEST(WidestPlan, NeverExceedsWhatACallMayKeep) {
  ASSERT_OK_AND_ASSIGN(config::ProbeConfig config, shop_config());
  config::Probe& probe = config.probes[0];
  for (int i = 0; i < 50; ++i) {
    probe.labels.push_back(probe.labels[0]);
  }
  const ProbePlan plan = widest_plan(config, "shop");
  EXPECT_EQ(plan.probes[0].labels_size, 1024);
  EXPECT_EQ(plan.probes[0].values_size, 1024);
}

}  // namespace
}  // namespace plan
