#include "collect/known_series.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace collect {
namespace {

using config::Transform;
using plan::LabelField;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

config::Metric metric_with_labels(std::vector<std::string> labels) {
  config::Metric metric;
  metric.name = "a_total";
  metric.labels = std::move(labels);
  return metric;
}

Transform map_of(std::map<std::string, std::string> mapping, std::optional<std::string> otherwise) {
  return {.kind = Transform::Kind::kMap, .mapping = std::move(mapping), .otherwise = std::move(otherwise)};
}

std::vector<std::vector<std::string>> known(std::vector<LabelField> labels, std::vector<std::string> names,
                                            std::uint32_t max_series = 1000) {
  plan::PlannedProbe probe;
  probe.labels = std::move(labels);
  probe.entry_sites = {{.function = 1}, {.function = 2}, {.function = 1}};
  plan::ProbePlan plan;
  plan.functions = {"main.other", "main.A", "main.B"};
  config::Metric metric = metric_with_labels(std::move(names));
  metric.max_series = max_series;
  const ProcessTable processes;
  return known_series(metric, probe, plan, {.process = 7, .service = "shop"}, Identities(processes));
}

LabelField cases(std::string name, std::vector<std::string> texts) {
  return {.name = std::move(name), .kind = LabelField::Kind::kCase, .cases = std::move(texts)};
}

TEST(KnownSeries, WithoutLabelsIsOne) {
  EXPECT_THAT(known({}, {}), ElementsAre(IsEmpty()));
}

TEST(KnownSeries, AreTheProductOfWhatLabelsCanBe) {
  EXPECT_THAT(known({cases("status", {"ok", "error"}),
                     {.name = "op", .kind = LabelField::Kind::kConstant, .cases = {"put"}}},
                    {"service", "op", "status"}),
              UnorderedElementsAre(ElementsAre("shop", "put", "ok"), ElementsAre("shop", "put", "error")));
}

TEST(KnownSeries, NeedOnlyTheLabelsOfTheMetric) {
  EXPECT_THAT(known({{.name = "user", .kind = LabelField::Kind::kString}}, {"service"}),
              ElementsAre(ElementsAre("shop")));
}

TEST(KnownSeries, HaveTheTextsOfAMapWithElse) {
  LabelField kind{.name = "kind", .kind = LabelField::Kind::kInteger};
  kind.transforms = {map_of({{"1", "single"}, {"2", "group"}, {"3", "group"}}, "unknown"),
                     {.kind = Transform::Kind::kUpper}};
  EXPECT_THAT(known({kind}, {"kind"}),
              UnorderedElementsAre(ElementsAre("SINGLE"), ElementsAre("GROUP"), ElementsAre("UNKNOWN")));
  kind.transforms = {map_of({{"1", "single"}}, std::nullopt)};
  EXPECT_THAT(known({kind}, {"kind"}), IsEmpty());
}

TEST(KnownSeries, HaveBothTextsOfABoolean) {
  LabelField fresh{.name = "fresh", .kind = LabelField::Kind::kBool};
  EXPECT_THAT(known({fresh}, {"fresh"}), UnorderedElementsAre(ElementsAre("false"), ElementsAre("true")));
  fresh.transforms = {map_of({{"true", "new"}, {"false", "old"}}, std::nullopt)};
  EXPECT_THAT(known({fresh}, {"fresh"}), UnorderedElementsAre(ElementsAre("new"), ElementsAre("old")));
}

TEST(KnownSeries, HaveTheFunctionsOfTheProbe) {
  LabelField function{.name = "f", .kind = LabelField::Kind::kFunction};
  function.transforms = {{.kind = Transform::Kind::kAfterLast, .argument = "."}};
  EXPECT_THAT(known({function}, {"f"}), UnorderedElementsAre(ElementsAre("A"), ElementsAre("B")));
}

TEST(KnownSeries, AreNoneWhereALabelCanBeAnything) {
  EXPECT_THAT(known({{.name = "user", .kind = LabelField::Kind::kString}}, {"user"}), IsEmpty());
  EXPECT_THAT(known({{.name = "type", .kind = LabelField::Kind::kType}}, {"type"}), IsEmpty());
  EXPECT_THAT(known({}, {"gateway_id"}), IsEmpty()) << "not learned yet";
}

TEST(KnownSeries, AreNoneWhereTheyAreTooMany) {
  std::vector<std::string> ten;
  for (int i = 0; i < 10; ++i) {
    ten.push_back(std::to_string(i));
  }
  EXPECT_THAT(known({cases("a", ten), cases("b", ten)}, {"a", "b"}), SizeIs(100));
  EXPECT_THAT(known({cases("a", ten), cases("b", ten), cases("c", {"x", "y"})}, {"a", "b", "c"}), IsEmpty());
  EXPECT_THAT(known({cases("a", ten)}, {"a"}, 9), IsEmpty()) << "max_series";
}

class KnownSamples : public ::testing::Test {
 protected:
  KnownSamples() {
    config_.metrics = {metric_with_labels({"service", "status"})};
    probe_.services = {"shop"};
    probe_.labels = {cases("status", {"ok"})};
    binary_.id = {.device = 1, .inode = 2};
    for (const std::uint32_t number : {7U, 8U}) {
      processes_[number] = {.services = {"shop"}, .binary = binary_.id};
    }
  }

  std::vector<Sample> samples(config::RecordKind kind) const {
    const BinaryView view{
        .config = &config_, .binary = &binary_, .processes = &processes_, .identities = &identities_};
    return known_samples(view, probe_, {.metric = "a_total", .kind = kind});
  }

  config::ProbeConfig config_;
  attach::CountedBinary binary_;
  ProcessTable processes_;
  Identities identities_{processes_};
  plan::PlannedProbe probe_;
};

TEST_F(KnownSamples, OfCountersAreOncePerService) {
  const std::vector<Sample> found = samples(config::RecordKind::kCount);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].labels, ElementsAre("shop", "ok"));
  EXPECT_EQ(found[0].service, "shop");
  EXPECT_EQ(found[0].number, 0);
}

TEST_F(KnownSamples, OfGaugesAreOncePerProcess) {
  config_.metrics[0].kind = config::MetricKind::kGauge;
  EXPECT_THAT(samples(config::RecordKind::kInFlight), SizeIs(2));
}

TEST_F(KnownSamples, NeedAProcessOfTheServiceThatRuns) {
  processes_[7].exited = true;
  processes_[8].services = {"other"};
  EXPECT_THAT(samples(config::RecordKind::kCount), IsEmpty());
  processes_[8] = {.services = {"shop"}, .binary = {.device = 1, .inode = 3}};
  EXPECT_THAT(samples(config::RecordKind::kCount), IsEmpty()) << "of another binary";
}

TEST_F(KnownSamples, CanBeSwitchedOff) {
  config_.metrics[0].initialize = false;
  EXPECT_THAT(samples(config::RecordKind::kCount), IsEmpty());
}

TEST_F(KnownSamples, OfManyProcessesAreNoneBeyondMaxSeries) {
  config_.metrics[0].labels = {"service", "gateway_id", "status"};
  processes_[7].labels = {{"shop/gateway_id", "a"}};
  processes_[8].labels = {{"shop/gateway_id", "b"}};
  probe_.records = {{.metric = "a_total", .kind = config::RecordKind::kCount}};
  binary_.plan.probes = {probe_};
  binary_.probes.resize(1);
  const BinaryView view{
      .config = &config_, .binary = &binary_, .processes = &processes_, .identities = &identities_};
  config_.metrics[0].max_series = 2;
  EXPECT_THAT(initial_samples(view, 0), SizeIs(2));
  config_.metrics[0].max_series = 1;
  EXPECT_THAT(initial_samples(view, 0), IsEmpty());
  processes_[8].labels = {{"shop/gateway_id", "a"}};
  EXPECT_THAT(initial_samples(view, 0), SizeIs(2)) << "of one series";
}

}  // namespace
}  // namespace collect
