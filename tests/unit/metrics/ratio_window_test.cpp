#include "metrics/ratio_window.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace metrics {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// cache_hit_rate{cache_type} of cache_requests_total{cache_type,result} over five minutes.
std::vector<config::Metric> cache_metrics() {
  config::Metric counter;
  counter.name = "cache_requests_total";
  counter.labels = {"cache_type", "result"};
  config::Metric rate;
  rate.name = "cache_hit_rate";
  rate.kind = config::MetricKind::kRatio;
  rate.help = "Share of hits.";
  rate.labels = {"cache_type"};
  rate.ratio = config::RatioOf{
      .counter = "cache_requests_total", .label = "result", .hit = "hit", .miss = "miss", .window = 300s};
  return {counter, rate};
}

class RatioWindow : public testing::Test {
 protected:
  struct Counted {
    std::string service;
    std::string cache;
    double hits;
    double misses;
  };

  void scrape(const std::vector<Counted>& counters) {
    windows_.record(clock_.steady_now(), samples_of(counters));
  }

  static std::vector<collect::Sample> samples_of(const std::vector<Counted>& counters) {
    std::vector<collect::Sample> samples;
    for (const Counted& counted : counters) {
      samples.push_back(sample(counted, "hit", counted.hits));
      samples.push_back(sample(counted, "miss", counted.misses));
      samples.push_back(sample(counted, "error", 1000));
    }
    return samples;
  }

  // By cache type.
  std::map<std::string, double> rates(std::optional<std::string_view> service = std::nullopt) const {
    std::map<std::string, double> rates;
    for (const Family& family : windows_.families(service)) {
      for (const Series& series : family.series) {
        rates[series.labels.at(0)] = series.number;
      }
    }
    return rates;
  }

  support::FakeClock clock_;
  RatioWindows windows_{cache_metrics()};

 private:
  static collect::Sample sample(const Counted& counted, std::string result, double number) {
    return {.metric = "cache_requests_total",
            .labels = {counted.cache, std::move(result)},
            .service = counted.service,
            .process = 1,
            .number = number,
            .buckets = {}};
  }
};

TEST_F(RatioWindow, IsTheShareOfHits) {
  scrape({{"logic", "session", 30, 10}});
  const std::vector<Family> families = windows_.families();
  ASSERT_THAT(families, SizeIs(1));
  EXPECT_EQ(families[0].name, "cache_hit_rate");
  EXPECT_EQ(families[0].help, "Share of hits.");
  EXPECT_EQ(families[0].kind, FamilyKind::kGauge);
  EXPECT_THAT(families[0].labels, ElementsAre("cache_type"));
  EXPECT_THAT(families[0].series, ElementsAre(Series{.labels = {"session"}, .number = 0.75, .buckets = {}}));
}

TEST_F(RatioWindow, LeavesOutLookupsOfAnEarlierExporter) {
  windows_.start_from(samples_of({{"logic", "session", 1000, 0}}));
  scrape({{"logic", "session", 1000, 0}});
  EXPECT_THAT(rates(), IsEmpty());
  scrape({{"logic", "session", 1001, 3}});
  EXPECT_EQ(rates()["session"], 0.25);
}

TEST_F(RatioWindow, ForgetsWhatIsOlderThanTheWindow) {
  scrape({{"logic", "session", 10, 0}});
  clock_.advance(200s);
  scrape({{"logic", "session", 10, 30}});
  EXPECT_EQ(rates()["session"], 0.25);
  clock_.advance(150s);
  scrape({{"logic", "session", 10, 30}});
  EXPECT_EQ(rates()["session"], 0);
  clock_.advance(151s);
  scrape({{"logic", "session", 10, 30}});
  EXPECT_THAT(rates(), IsEmpty()) << "no lookup in the window";
}

TEST_F(RatioWindow, HandlesCountersThatBeginAgain) {
  scrape({{"logic", "session", 8, 8}});
  clock_.advance(301s);
  scrape({{"logic", "session", 3, 1}});
  EXPECT_EQ(rates()["session"], 0.75);
}

TEST_F(RatioWindow, GoesOnWhenALabelSetComesBack) {
  scrape({{"logic", "session", 50, 0}});
  clock_.advance(301s);
  scrape({});
  EXPECT_THAT(rates(), IsEmpty());
  clock_.advance(15s);
  scrape({{"logic", "session", 51, 1}});
  EXPECT_EQ(rates()["session"], 0.5);
}

TEST_F(RatioWindow, AnswersForAllServicesAndForEach) {
  scrape({{"logic", "session", 10, 0}, {"gateway", "session", 0, 30}, {"gateway", "route", 1, 1}});
  EXPECT_THAT(rates(), ElementsAre(std::pair("route", 0.5), std::pair("session", 0.25)));
  EXPECT_THAT(rates("logic"), ElementsAre(std::pair("session", 1.0)));
  EXPECT_THAT(rates("gateway"), ElementsAre(std::pair("route", 0.5), std::pair("session", 0.0)));
  EXPECT_THAT(rates("task"), IsEmpty());
}

TEST_F(RatioWindow, StaysSmallHoweverOftenItIsScraped) {
  LookupWindow window;
  for (int i = 1; i <= 10'000; ++i) {
    clock_.advance(10ms);
    window.record(clock_.steady_now(), 300s, {.hits = static_cast<double>(i), .misses = 0});
  }
  EXPECT_EQ(window.sum(), (Lookups{.hits = 10'000, .misses = 0}));
  window.forget_before(clock_.steady_now() - 50s);
  EXPECT_NEAR(window.sum().hits, 5'000, 100);
}

}  // namespace
}  // namespace metrics
