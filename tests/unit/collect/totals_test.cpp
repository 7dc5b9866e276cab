#include "collect/totals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace collect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Sample counter(std::string label, double number, std::uint32_t process = 0) {
  return {.metric = "calls_total",
          .labels = {std::move(label)},
          .service = "x",
          .process = process,
          .number = number,
          .buckets = {},
          .process_labels = {}};
}

TEST(Totals, AddUpEqualLabels) {
  Totals totals;
  add_samples(totals, std::vector{counter("a", 3), counter("b", 1)});
  add_samples(totals, std::vector{counter("a", 4), counter("a", 9, 7)});
  EXPECT_THAT(totals.samples, ElementsAre(counter("a", 7), counter("b", 1), counter("a", 9, 7)));
  forget_process(totals, 7);
  EXPECT_THAT(totals.samples, ElementsAre(counter("a", 7), counter("b", 1)));
}

TEST(Totals, AddUpBuckets) {
  Totals totals;
  Sample histogram = counter("a", 2.5);
  histogram.buckets = {1, 0, 2};
  add_samples(totals, std::vector{histogram, histogram});
  Sample sum = histogram;
  sum.number = 5;
  sum.buckets = {2, 0, 4};
  EXPECT_THAT(totals.samples, ElementsAre(sum));
}

TEST(Totals, AreBounded) {
  Totals totals;
  add_samples(
      totals,
      std::vector{counter("a", 1), counter("b", 2), counter("c", 4), counter("d", 8), counter("b", 16)},
      {{"calls_total", 2}});
  EXPECT_THAT(totals.samples, ElementsAre(counter("a", 1), counter("b", 18), counter(kOverflowLabel, 12)));
}

config::Metric metric(std::vector<std::string> labels, std::vector<double> buckets = {},
                      std::string unit = "") {
  config::Metric result;
  result.name = "calls_total";
  result.kind = buckets.empty() ? config::MetricKind::kCounter : config::MetricKind::kHistogram;
  result.labels = std::move(labels);
  result.buckets = std::move(buckets);
  result.unit = std::move(unit);
  return result;
}

Sample sample(std::vector<std::string> labels, double number) {
  Sample result = counter("", number);
  result.labels = std::move(labels);
  return result;
}

TEST(Totals, AreToldInTheLabelsThatMetricsHaveNow) {
  Totals totals;
  EXPECT_THAT(adapt(totals, {metric({"a", "b"})}), IsEmpty());
  totals.samples = {sample({"1", "2"}, 3), sample({"1", "4"}, 5),
                    sample({kOverflowLabel, kOverflowLabel}, 7)};
  EXPECT_THAT(adapt(totals, {metric({"b", "a", "c", "service"})}), IsEmpty());
  EXPECT_THAT(totals.samples,
              ElementsAre(sample({"2", "1", "", "x"}, 3), sample({"4", "1", "", "x"}, 5),
                          sample({kOverflowLabel, kOverflowLabel, kOverflowLabel, kOverflowLabel}, 7)));
  EXPECT_THAT(adapt(totals, {metric({"a"})}), IsEmpty());
  EXPECT_THAT(totals.samples, ElementsAre(sample({"1"}, 8), sample({kOverflowLabel}, 7)));
}

TEST(Totals, AreToldInFewerBuckets) {
  Totals totals;
  Sample histogram = sample({}, 2.5);
  histogram.buckets = {1, 2, 4, 8};
  ASSERT_THAT(adapt(totals, {metric({}, {10, 20, 30})}), IsEmpty());
  totals.samples = {histogram};
  EXPECT_THAT(adapt(totals, {metric({}, {20})}), IsEmpty());
  histogram.buckets = {3, 12};
  EXPECT_THAT(totals.samples, ElementsAre(histogram));
}

TEST(Totals, OfBucketsThatWereNotThereStartAgain) {
  for (const config::Metric& now : {metric({}, {10, 15}), metric({}, {10, 20}, "ms"), metric({})}) {
    Totals totals;
    ASSERT_THAT(adapt(totals, {metric({}, {10, 20})}), IsEmpty());
    Sample histogram = sample({}, 2.5);
    histogram.buckets = {1, 2, 4};
    totals.samples = {histogram};
    EXPECT_THAT(adapt(totals, {now}), ElementsAre("calls_total"));
    EXPECT_THAT(totals.samples, IsEmpty());
    EXPECT_THAT(adapt(totals, {now}), IsEmpty());
  }
}

TEST(Totals, OfAMetricThatIsLeftOutForAWhileStay) {
  Totals totals;
  ASSERT_THAT(adapt(totals, {metric({"a"})}), IsEmpty());
  totals.samples = {sample({"1"}, 3)};
  EXPECT_THAT(adapt(totals, {}), IsEmpty());
  EXPECT_THAT(shown_totals(totals, {}, {}), IsEmpty());
  EXPECT_THAT(adapt(totals, {metric({"a"})}), IsEmpty());
  EXPECT_THAT(shown_totals(totals, {metric({"a"})}, {}), ElementsAre(sample({"1"}, 3)));
}

TEST(Totals, WaitForLabelsOfTheProcess) {
  Totals totals;
  ASSERT_THAT(adapt(totals, {metric({"kind", "id"})}), IsEmpty());
  Sample open = sample({"a", ""}, 3);
  open.process = 7;
  open.process_labels = {1};
  totals.samples = {open};
  ProcessTable processes;
  processes[7].services = {"x"};
  const auto shown = [&] { return shown_totals(totals, {metric({"kind", "id"})}, processes); };
  EXPECT_THAT(shown(), IsEmpty());
  Sample told = open;
  told.process_labels = {};
  processes[7].exited = true;
  EXPECT_THAT(shown(), ElementsAre(told));
  processes[7].labels["x/id"] = "p7";
  told.labels = {"a", "p7"};
  EXPECT_THAT(shown(), ElementsAre(told));
  // Without such a label the process does not matter.
  EXPECT_THAT(adapt(totals, {metric({"kind"})}), IsEmpty());
  EXPECT_THAT(totals.samples, ElementsAre(sample({"a"}, 3)));
}

TEST(Totals, AddUpLosses) {
  Totals totals;
  add_losses(totals, std::vector<Loss>{{"p", "no_entry", 2}, {"p", "unwound", 1}});
  add_losses(totals, std::vector<Loss>{{"p", "no_entry", 3}, {"q", "no_entry", 1}, {"q", "unwound", 0}});
  EXPECT_THAT(totals.losses,
              ElementsAre(Loss{"p", "no_entry", 5}, Loss{"p", "unwound", 1}, Loss{"q", "no_entry", 1}));
}

TEST(Totals, SurviveAsBytes) {
  Totals totals;
  add_samples(totals, std::vector{counter("\xff\n\"", 0.1)});
  totals.losses = {{"p", "no_entry", 1}};
  totals.hits = {{"p", 12}};
  totals.merged = {4711};
  totals.shapes = {{"calls_total", {.labels = {"a"}, .unit = "ms", .buckets = {0.5, 1}}}};
  totals.began = {{"logic", {{"request_total", 1700000000.125}}}};
  const std::string bytes = encode_totals(totals);
  const auto decoded = decode_totals(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, totals);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_totals(bytes.substr(0, length))) << length;
  }
}

TEST(Totals, OfEarlierExportersLackBeginnings) {
  // CBOR of {"hits": {"p": 12}, "losses": [], "merged": [], "samples": []}.
  constexpr std::string_view kEarlier =
      "\xa4\x64hits\xa1\x61p\x0c\x66losses\x80\x66merged\x80\x67samples\x80";
  const auto decoded = decode_totals(kEarlier);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, (Totals{.hits = {{"p", 12}}}));
}

}  // namespace
}  // namespace collect
