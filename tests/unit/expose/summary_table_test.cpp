#include "expose/summary_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace expose {
namespace {

using metrics::Family;
using metrics::FamilyKind;
using metrics::Series;

constexpr std::chrono::duration<double> kTime{10};

TEST(SummaryTable, HasTheBusiestSeriesFirstWithTheirQuantiles) {
  const metrics::Snapshot snapshot{
      {Family{.name = "order_seconds",
              .help = "Time.",
              .kind = FamilyKind::kHistogram,
              .unit = "s",
              .labels = {"kind", "zone"},
              .bounds = {0.1, 1},
              .series = {Series{.labels = {"a", ""}, .number = 1, .buckets = {10, 10, 10}},
                         Series{.labels = {"long name", "eu"}, .number = 30, .buckets = {0, 50, 100}}}},
       Family{.name = "orders_total",
              .help = "Orders.",
              .kind = FamilyKind::kCounter,
              .series = {Series{.labels = {}, .number = 5}}},
       Family{.name = "open",
              .help = "Open.",
              .kind = FamilyKind::kGauge,
              .series = {Series{.labels = {}, .number = 0.5}}}}};
  EXPECT_EQ(summary_table(snapshot, kTime),
            "\norder_seconds, s: Time.\n"
            "  count  per s  mean   p50    p99  kind       zone\n"
            "    100   10.0   0.3     1     >1  long name  eu\n"
            "     10    1.0   0.1  0.05  0.099  a\n"
            "\norders_total: Orders.\n"
            "  count  per s\n"
            "      5    0.5\n"
            "\nopen: Open.\n"
            "  value\n"
            "    0.5\n");
}

TEST(SummaryTable, LeavesOutWhatWasNotCounted) {
  const Family family{
      .name = "c", .help = "h", .kind = FamilyKind::kCounter, .series = {Series{.labels = {}, .number = 0}}};
  EXPECT_EQ(summary_table({{family}}, kTime), "");
  EXPECT_EQ(summary_table({}, kTime), "");
}

TEST(SummaryTable, EndsAfterTwentySeries) {
  Family family{.name = "c", .help = "h", .kind = FamilyKind::kCounter, .labels = {"n"}};
  for (int i = 0; i < 23; ++i) {
    family.series.push_back({.labels = {std::to_string(i)}, .number = 1});
  }
  EXPECT_THAT(summary_table({{family}}, kTime), testing::EndsWith("      1    0.1  19\n  and 3 more\n"));
}

}  // namespace
}  // namespace expose
