// What valid configs mean. What is wrong with invalid ones: invalid_configs_test.cpp.
#include "config/parse_config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <variant>
#include <vector>

#include "config/parse_expression.hpp"
#include "support/result_matchers.hpp"

namespace config {
namespace {

using ::support::IsError;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kValid = SOURCE_DIR "/tests/fixtures/configs/valid/";

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const Metric& metric(const ProbeConfig& config, std::string_view name) {
  return *std::ranges::find(config.metrics, name, &Metric::name);
}

std::vector<std::string> probe_names(const ProbeConfig& config) {
  std::vector<std::string> names;
  for (const Probe& probe : config.probes) {
    names.push_back(probe.name);
  }
  return names;
}

const auto& value_label(const Label& label) {
  return std::get<ValueLabel>(label.source);
}

const auto& cases_label(const Label& label) {
  return std::get<CasesLabel>(label.source);
}

TEST(ParseConfig, ReadsTheShippedProbes) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, load_config(SOURCE_DIR "/probes.yaml"));
  EXPECT_EQ(config.services.size(), 3U);
  EXPECT_EQ(config.metrics.size(), 15U);
  EXPECT_EQ(config.probes.size(), 13U);
}

TEST(ParseConfig, ReadsTheFirstExampleOfTheReference) {
  const std::string reference = content_of(SOURCE_DIR "/docs/probes.md");
  const std::size_t start = reference.find("```yaml\n") + 8;
  const std::string example = reference.substr(start, reference.find("```", start) - start);
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, parse_config(example, "docs/probes.md"));
  EXPECT_EQ(config.probes.size(), 1U);
}

TEST(ParseConfig, ReadsTheSketchOfTheDesign) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, load_config(kValid + "design.yaml"));
  const Service& gateway = config.services[0];
  EXPECT_EQ(gateway.match.exe, "*/resonance");
  EXPECT_THAT(gateway.match.args, ElementsAre("-module", "gateway"));
  EXPECT_EQ(gateway.identity[0].name, "gateway_id");
  EXPECT_EQ(to_string(gateway.identity[0].value.expression), "recv.gatewayID");

  const Probe& interceptor = config.probes[0];
  EXPECT_EQ(interceptor.name, "logic/server.(*GRPCServer).recoveryUnaryInterceptor");
  EXPECT_EQ(interceptor.signature->parameters[2].name, "info");
  EXPECT_EQ(interceptor.records[0].kind, RecordKind::kCount);
  EXPECT_EQ(interceptor.records[1].kind, RecordKind::kDuration);
  const ValueLabel& method = value_label(interceptor.labels[0]);
  EXPECT_EQ(method.value.text, "info.FullMethod");
  EXPECT_EQ(method.transforms[0].kind, Transform::Kind::kAfterLast);
  EXPECT_EQ(method.transforms[0].argument, "/");
  const CasesLabel& status = cases_label(interceptor.labels[1]);
  EXPECT_EQ(status.cases[0].name, "error");
  EXPECT_EQ(status.otherwise, "ok");

  const ValueLabel& session_type = value_label(config.probes[1].labels[0]);
  EXPECT_THAT(session_type.within->functions, ElementsAre("...internal/repo.(*sessionRepo).GetSession"));
  EXPECT_EQ(session_type.value.text, "ret0.Type");
  EXPECT_EQ(session_type.transforms[0].mapping.at("1"), "single");
  EXPECT_EQ(session_type.transforms[0].otherwise, std::nullopt);

  EXPECT_EQ(config.probes[2].records[0].kind, RecordKind::kInFlight);
  EXPECT_EQ(config.probes[3].records[1].kind, RecordKind::kPoll);
  EXPECT_EQ(to_string(config.probes[3].records[1].value->expression), "len(recv.jobsCh) + in_flight()");
}

TEST(ParseConfig, ReadsEveryKey) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, load_config(kValid + "every_key.yaml"));
  EXPECT_EQ(config.limits.in_flight, 1000U);
  EXPECT_EQ(
      config.budget,
      (Budget{.cores = 0.05, .window = std::chrono::seconds(20), .retry_after = std::chrono::minutes(5)}));
  EXPECT_EQ(config.services[0].budget_cores, std::nullopt);
  EXPECT_EQ(config.services[1].budget_cores, 1.5);
  EXPECT_EQ(config.services[0].match.env.at("REGION"), "eu-*");
  EXPECT_THAT(config.services[0].identity[0].functions, ElementsAre("a.NewNode", "a.(*Node).Start"));

  EXPECT_EQ(metric(config, "orders_total").max_series, 50U);
  EXPECT_EQ(metric(config, "bytes_total").max_series, 1000U);
  EXPECT_THAT(metric(config, "order_bytes").buckets, ElementsAre(64, 1024, 1.5e6));
  EXPECT_TRUE(metric(config, "open").buckets.empty());
  EXPECT_EQ(metric(config, "success").ratio,
            (RatioOf{"orders_total", "kind", "ok", "error", std::chrono::seconds(3661)}));

  const Probe& order = config.probes[0];
  EXPECT_TRUE(order.outermost);
  EXPECT_EQ(order.when->text, "id > 0");
  EXPECT_THAT(order.services, ElementsAre("shop", "cart"));
  EXPECT_EQ(cases_label(order.labels[0]).cases[4].name, "vale");
  EXPECT_EQ(std::get<ConstantLabel>(order.labels[1].source).text, "eu");
  EXPECT_EQ(order.records[1].kind, RecordKind::kCount);
  EXPECT_EQ(order.records[1].value->text, "len(recv.buffer)");
  EXPECT_EQ(order.records[1].when->text, "err == nil");
  EXPECT_EQ(order.records[2].kind, RecordKind::kObserve);

  EXPECT_EQ(config.probes[1].functions, order.functions);  // merged
  EXPECT_FALSE(config.probes[1].outermost);
  EXPECT_FALSE(config.probes[1].inlined);
  EXPECT_EQ(config.probes[1].records[2].kind, RecordKind::kSet);
  EXPECT_EQ(config.probes[2].records[0].kind, RecordKind::kPairUp);
  EXPECT_EQ(config.probes[2].records[0].value->text, "ret0");
  EXPECT_EQ(config.probes[3].records[0].kind, RecordKind::kPairDown);
}

TEST(ParseConfig, TakesABudgetForServicesThatSayTheirOwnLimit) {
  ASSERT_OK_AND_ASSIGN(
      const ProbeConfig config,
      parse_config(
          "budget: { window: 20s }\n"
          "services: { s: { match: { exe: x }, budget: { cores: 0.2 } }, t: { match: { exe: y } } }\n"
          "metrics: { c: { type: counter, help: h } }\n"
          "probes: [{ service: s, function: f, record: [c] }]\n",
          "f"));
  EXPECT_EQ(config.budget.cores, std::nullopt);
  EXPECT_EQ(config.budget.window, std::chrono::seconds(20));
  EXPECT_EQ(config.services[0].budget_cores, 0.2);
  EXPECT_EQ(config.services[1].budget_cores, std::nullopt);
}

TEST(ParseConfig, ReadsTheAlternativesOfALabel) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, load_config(kValid + "every_key.yaml"));
  const Probe& text = *std::ranges::find(config.probes, "order text", &Probe::name);
  const auto& region = std::get<FirstLabel>(text.labels[1].source);
  ASSERT_EQ(region.alternatives.size(), 3U);
  EXPECT_THAT(region.alternatives[0].within->functions, ElementsAre("a.F"));
  EXPECT_EQ(region.alternatives[0].value.text, "x");
  EXPECT_TRUE(is_grouped(region.alternatives[1]));
  EXPECT_EQ(region.alternatives[2].value.text, "ret0.path");
  EXPECT_FALSE(is_grouped(region.alternatives[2]));
  EXPECT_EQ(region.max_length, 100U);
  EXPECT_EQ(region.alternatives[0].max_length, 100U);
  ASSERT_EQ(region.transforms.size(), 1U);
  EXPECT_EQ(region.transforms[0].kind, Transform::Kind::kLower);
}

TEST(ParseConfig, KeepsTransformsInTheOrderWritten) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, load_config(kValid + "every_key.yaml"));
  const ValueLabel& kind = value_label(config.probes[1].labels[0]);
  using enum Transform::Kind;
  std::vector<Transform::Kind> kinds;
  for (const Transform& transform : kind.transforms) {
    kinds.push_back(transform.kind);
  }
  EXPECT_THAT(kinds, ElementsAre(kTrimPrefix, kRegex, kTrimSuffix, kBeforeFirst, kUpper, kSqlTable, kMap));
  EXPECT_EQ(kind.transforms[1].argument, "^(.)b");
  EXPECT_EQ(kind.transforms[1].replacement, "$1");
  EXPECT_EQ(kind.transforms[3].argument, ":");
  EXPECT_EQ(kind.transforms[6].mapping.at("true"), "yes");
  EXPECT_EQ(kind.transforms[6].otherwise, "");
  EXPECT_EQ(kind.max_length, 10U);
  EXPECT_EQ(kind.within->signature->results[0].name, "x");
}

TEST(ParseConfig, NamesProbesAndKeepsNamesUnique) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, load_config(kValid + "every_key.yaml"));
  EXPECT_THAT(probe_names(config),
              ElementsAre("order", "order text", "cart/a.New", "cart/a.(*T).Close", "cart/a.(*T).Close#2",
                          "cart/a.(*T).Run", "go/http-server/requests"));
}

TEST(ParseConfig, ScalesDefaultBucketsToTheUnit) {
  const std::string metrics = "metrics: { h: { type: histogram, help: h, unit: UNIT } }\n";
  const std::string rest =
      "services: { s: { match: { exe: x } } }\n"
      "probes: [{ service: s, function: f, record: [{ metric: h, observe: arg0 }] }]\n";

  struct Case {
    std::string unit;
    double first;
    double last;
  };

  for (const Case& one : std::vector<Case>{
           {"ms", 1, 10000}, {"s", 0.001, 10}, {"us", 1e3, 1e7}, {"ns", 1e6, 1e10}, {"bytes", 1, 10000}}) {
    std::string text = metrics + rest;
    text.replace(text.find("UNIT"), 4, one.unit);
    ASSERT_OK_AND_ASSIGN(const ProbeConfig config, parse_config(text, "f"));
    EXPECT_EQ(config.metrics[0].buckets.size(), 13U);
    EXPECT_EQ(config.metrics[0].buckets.front(), one.first) << one.unit;
    EXPECT_EQ(config.metrics[0].buckets.back(), one.last) << one.unit;
  }
}

TEST(ParseConfig, SaysWhereExpressionsStand) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, load_config(kValid + "design.yaml"));
  EXPECT_EQ(cases_label(config.probes[0].labels[1]).cases[0].condition.position, (Position{26, 25}));
  EXPECT_EQ(config.probes[0].records[1].position, (Position{27, 29}));
  EXPECT_EQ(config.metrics[0].position, (Position{13, 3}));
}

TEST(ParseConfig, TakesAByteOrderMarkAndWindowsLines) {
  std::string text = content_of(kValid + "design.yaml");
  ASSERT_OK_AND_ASSIGN(const ProbeConfig plain, parse_config(text, "f"));
  for (std::size_t i = 0; (i = text.find('\n', i)) != std::string::npos; i += 2) {
    text.replace(i, 1, "\r\n");
  }
  ASSERT_OK_AND_ASSIGN(const ProbeConfig windows, parse_config("\xEF\xBB\xBF" + text, "f"));
  EXPECT_EQ(windows, plain);
}

TEST(ParseConfig, SurvivesTruncationAtEveryByte) {
  const std::string text = content_of(kValid + "design.yaml");
  for (std::size_t length = 0; length < text.size(); ++length) {
    const base::Result<ProbeConfig> result = parse_config(text.substr(0, length), "f");
    if (!result) {
      EXPECT_EQ(result.error().code, base::ErrorCode::kInvalidConfig);
      EXPECT_TRUE(result.error().message.starts_with("f:")) << result.error().message;
    }
  }
}

TEST(ParseConfig, SurvivesAnyByteAnywhere) {
  const std::string text = content_of(kValid + "every_key.yaml");
  for (std::size_t i = 0; i < text.size(); i += 31) {
    for (const char c :
         {'\0', '\t', '\n', ' ', '"', '\'', '{', '}', '[', ']', ':', ',', '*', '&', '!', '-', '\xFF'}) {
      std::string garbled = text;
      garbled[i] = c;
      const base::Result<ProbeConfig> result = parse_config(garbled, "f");
      EXPECT_TRUE(result.has_value() || result.error().message.starts_with("f:"));
    }
  }
}

TEST(LoadConfig, TellsWhyAFileCannotBeRead) {
  EXPECT_THAT(load_config("/nonexistent/probes.yaml"),
              IsError(base::ErrorCode::kNotFound, HasSubstr("/nonexistent/probes.yaml: No such file")));
  EXPECT_THAT(load_config("/"), IsError(base::ErrorCode::kIo, HasSubstr("Is a directory")));
  EXPECT_THAT(load_config("/dev/zero"),
              IsError(base::ErrorCode::kInvalidConfig, HasSubstr("/dev/zero:1:1: ")));
}

}  // namespace
}  // namespace config
