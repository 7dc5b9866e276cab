#include "metrics/since.hpp"

#include <gtest/gtest.h>

namespace metrics {
namespace {

Snapshot of(Family family) {
  return {{std::move(family)}};
}

Family counter(std::vector<Series> series) {
  return {.name = "c", .kind = FamilyKind::kCounter, .labels = {"x"}, .series = std::move(series)};
}

TEST(Since, SubtractsWhatWasThere) {
  const Snapshot result =
      since(of(counter({{.labels = {"a"}, .number = 7}, {.labels = {"b"}, .number = 2}})),
            of(counter({{.labels = {"a"}, .number = 5}, {.labels = {"gone"}, .number = 1}})));
  EXPECT_EQ(result, of(counter({{.labels = {"a"}, .number = 2}, {.labels = {"b"}, .number = 2}})));
}

TEST(Since, SubtractsBucketsAndSums) {
  const auto histogram = [](double sum, std::vector<std::uint64_t> buckets) {
    return of({.name = "h",
               .kind = FamilyKind::kHistogram,
               .bounds = {1, 2},
               .series = {{.labels = {}, .number = sum, .buckets = std::move(buckets)}}});
  };
  EXPECT_EQ(since(histogram(9, {1, 3, 4}), histogram(4, {1, 2, 2})), histogram(5, {0, 1, 2}));
}

TEST(Since, KeepsGaugesAndFamiliesThatAreNew) {
  const auto gauge = [](double number) {
    return of({.name = "g", .kind = FamilyKind::kGauge, .series = {{.labels = {}, .number = number}}});
  };
  EXPECT_EQ(since(gauge(3), gauge(2)), gauge(3));
  const Snapshot fresh = of(counter({{.labels = {"a"}, .number = 7}}));
  EXPECT_EQ(since(fresh, {}), fresh);
}

}  // namespace
}  // namespace metrics
