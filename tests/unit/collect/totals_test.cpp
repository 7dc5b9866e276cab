#include "collect/totals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace collect {
namespace {

using testing::ElementsAre;

Sample counter(std::string label, double number, std::uint32_t process = 0) {
  return {.metric = "calls_total",
          .labels = {std::move(label)},
          .service = "x",
          .process = process,
          .number = number,
          .buckets = {}};
}

TEST(Totals, AddUpEqualLabels) {
  Totals totals;
  add_samples(totals, std::vector{counter("a", 3), counter("b", 1)});
  add_samples(totals, std::vector{counter("a", 4), counter("a", 9, 7)});
  EXPECT_THAT(totals.samples, ElementsAre(counter("a", 7), counter("b", 1), counter("a", 9, 7)));
  forget_process(totals, 7);
  EXPECT_THAT(totals.samples, ElementsAre(counter("a", 7), counter("b", 1)));
}

TEST(Totals, AddUpBucketsOfTheSameHistogramOnly) {
  Totals totals;
  Sample histogram = counter("a", 2.5);
  histogram.buckets = {1, 0, 2};
  add_samples(totals, std::vector{histogram, histogram});
  Sample sum = histogram;
  sum.number = 5;
  sum.buckets = {2, 0, 4};
  EXPECT_THAT(totals.samples, ElementsAre(sum));
  histogram.buckets = {1, 2};
  add_samples(totals, std::vector{histogram});
  EXPECT_THAT(totals.samples, ElementsAre(sum, histogram));
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
  const std::string bytes = encode_totals(totals);
  const auto decoded = decode_totals(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, totals);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode_totals(bytes.substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace collect
