#include "metrics/build_snapshot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace metrics {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

config::Metric metric(std::string name, config::MetricKind kind, std::vector<std::string> labels = {},
                      std::vector<double> buckets = {}) {
  config::Metric result;
  result.name = std::move(name);
  result.kind = kind;
  result.help = "What it is.";
  result.labels = std::move(labels);
  result.buckets = std::move(buckets);
  return result;
}

collect::Sample sample(std::string name, std::vector<std::string> labels, std::string service, double number,
                       std::vector<std::uint64_t> buckets = {}) {
  return {.metric = std::move(name),
          .labels = std::move(labels),
          .service = std::move(service),
          .process = 1,
          .number = number,
          .buckets = std::move(buckets)};
}

Series series(std::vector<std::string> labels, double number, std::vector<std::uint64_t> buckets = {}) {
  return {.labels = std::move(labels), .number = number, .buckets = std::move(buckets)};
}

const std::vector<config::Metric> kMetrics = {
    metric("request_total", config::MetricKind::kCounter, {"service", "status"}),
    metric("duration_ms", config::MetricKind::kHistogram, {"method"}, {1, 5}),
    metric("connection_count", config::MetricKind::kGauge, {}),
    metric("never_seen_total", config::MetricKind::kCounter, {}),
};

TEST(BuildSnapshot, TakesTheOldestBeginning) {
  const std::vector<collect::Sample> samples = {
      sample("request_total", {"logic", "ok"}, "logic", 0),
      sample("request_total", {"logic", "ok"}, "task", 5),
      sample("request_total", {"logic", "error"}, "logic", 1),
      sample("request_total", {"logic", "shared"}, "logic", 1),
      sample("request_total", {"logic", "shared"}, "unknown", 1),
  };
  const Began began{{"logic", {{"request_total", 7}}}, {"task", {{"request_total", 5}}}};
  const Snapshot snapshot = build_snapshot(kMetrics, samples, std::nullopt, began);
  ASSERT_THAT(snapshot.families, SizeIs(1));
  std::vector<double> created;
  for (const Series& one : snapshot.families[0].series) {
    created.push_back(one.created);
  }
  EXPECT_THAT(created, ElementsAre(7, 5, 0)) << "error, ok, shared with one whose beginning is not known";
}

TEST(BuildSnapshot, AddsUpProcessesAndServices) {
  const std::vector<collect::Sample> samples = {
      sample("request_total", {"logic", "ok"}, "logic", 3),
      sample("request_total", {"logic", "ok"}, "logic", 4),
      sample("request_total", {"logic", "error"}, "logic", 1),
      sample("request_total", {"logic", "ok"}, "task", 5),
      sample("connection_count", {}, "gateway", 2),
      sample("connection_count", {}, "gateway", -1),
  };
  const Snapshot snapshot = build_snapshot(kMetrics, samples);
  ASSERT_THAT(snapshot.families, SizeIs(2));
  EXPECT_EQ(snapshot.families[0].name, "connection_count");
  EXPECT_EQ(snapshot.families[0].kind, FamilyKind::kGauge);
  EXPECT_THAT(snapshot.families[0].series, ElementsAre(series({}, 1)));
  EXPECT_EQ(snapshot.families[1].name, "request_total");
  EXPECT_EQ(snapshot.families[1].help, "What it is.");
  EXPECT_EQ(snapshot.families[1].kind, FamilyKind::kCounter);
  EXPECT_THAT(snapshot.families[1].labels, ElementsAre("service", "status"));
  EXPECT_THAT(snapshot.families[1].series,
              ElementsAre(series({"logic", "error"}, 1), series({"logic", "ok"}, 12)));
}

TEST(BuildSnapshot, MakesBucketsCumulative) {
  const std::vector<collect::Sample> samples = {
      sample("duration_ms", {"Login"}, "logic", 12.5, {3, 2, 1}),
      sample("duration_ms", {"Login"}, "logic", 0.5, {1, 0, 0}),
  };
  const Snapshot snapshot = build_snapshot(kMetrics, samples);
  ASSERT_THAT(snapshot.families, SizeIs(1));
  EXPECT_THAT(snapshot.families[0].bounds, ElementsAre(1, 5));
  EXPECT_THAT(snapshot.families[0].series, ElementsAre(series({"Login"}, 13, {4, 6, 7})));
}

TEST(BuildSnapshot, ShowsOneServiceAlone) {
  const std::vector<collect::Sample> samples = {sample("request_total", {"logic", "ok"}, "logic", 3),
                                                sample("request_total", {"task", "ok"}, "task", 5)};
  const Snapshot snapshot = build_snapshot(kMetrics, samples, "task");
  ASSERT_THAT(snapshot.families, SizeIs(1));
  EXPECT_THAT(snapshot.families[0].series, ElementsAre(series({"task", "ok"}, 5)));
  EXPECT_THAT(build_snapshot(kMetrics, samples, "gateway").families, IsEmpty());
}

TEST(BuildSnapshot, MakesLabelsValidAndJoinsWhatBecomesEqual) {
  const std::vector<collect::Sample> samples = {sample("request_total", {"\xFF", "a\nb"}, "logic", 1),
                                                sample("request_total", {"\xFE", "a\nb"}, "logic", 2)};
  EXPECT_THAT(build_snapshot(kMetrics, samples).families.at(0).series,
              ElementsAre(series({"\xEF\xBF\xBD", "a\nb"}, 3)));
}

TEST(BuildSnapshot, KeepsTheOverflowSeries) {
  const std::vector<collect::Sample> samples = {
      sample("request_total", {collect::kOverflowLabel, collect::kOverflowLabel}, "logic", 9)};
  EXPECT_THAT(build_snapshot(kMetrics, samples).families.at(0).series,
              ElementsAre(series({"__overflow__", "__overflow__"}, 9)));
}

TEST(BuildSnapshot, IgnoresMetricsThatAreNotConfigured) {
  const std::vector<collect::Sample> samples = {sample("other_total", {}, "logic", 1)};
  EXPECT_THAT(build_snapshot(kMetrics, samples).families, IsEmpty());
}

TEST(WithFamilies, KeepsTheOrderOfNames) {
  Family a;
  a.name = "a";
  Family b;
  b.name = "b";
  Family c;
  c.name = "c";
  EXPECT_EQ(with_families({.families = {b}}, {c, a}), (Snapshot{.families = {a, b, c}}));
}

}  // namespace
}  // namespace metrics
