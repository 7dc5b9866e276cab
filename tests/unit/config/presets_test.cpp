#include "config/presets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "config/parse_config.hpp"
#include "config/warnings.hpp"
#include "support/result_matchers.hpp"

namespace config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names_of(std::string_view name) {
  std::vector<std::string> names;
  if (const auto found = find_presets(name)) {
    for (const Preset& preset : *found) {
      names.emplace_back(preset.name);
    }
  }
  return names;
}

std::string using_preset(std::string_view name, std::string_view more = "") {
  return fmt::format(
      "services: {{ shop: {{ match: {{ exe: x }}, use: [{}] }}, other: {{ match: {{ exe: y }} }} }}\n{}",
      name, more);
}

TEST(Presets, AreFoundByPathWordAndLastPart) {
  EXPECT_THAT(names_of("go/http-server"), ElementsAre("go/http-server"));
  EXPECT_THAT(names_of("http-server"), ElementsAre("go/http-server"));
  EXPECT_THAT(names_of("http"), ElementsAre("go/http-client", "go/http-server"));
  EXPECT_THAT(names_of("go/http"), ElementsAre("go/http-client", "go/http-server"));
  EXPECT_THAT(names_of("sql"), ElementsAre("go/sql"));
}

TEST(Presets, OfOtherNamesAreListed) {
  for (const char* name : {"", "htt", "go", "http-servers"}) {
    const auto found = find_presets(name);
    ASSERT_FALSE(found.has_value()) << name;
    EXPECT_THAT(found.error().message, HasSubstr("there are: go/"));
  }
  EXPECT_THAT(find_presets("go/htpp-server").error().message, HasSubstr("did you mean \"go/http-server\"?"));
}

TEST(Presets, AreRightAndQuietEach) {
  for (const Preset& preset : all_presets()) {
    const auto config = parse_config(using_preset(preset.name), "f");
    ASSERT_TRUE(config.has_value()) << config.error().message;
    EXPECT_THAT(warnings(*config, "f"), testing::IsEmpty()) << preset.name;
    EXPECT_FALSE(config->metrics.empty()) << preset.name;
    for (const Probe& probe : config->probes) {
      EXPECT_EQ(probe.preset, preset.name);
      EXPECT_TRUE(probe.name.starts_with(probe.preset + "/")) << probe.name;
      EXPECT_THAT(probe.services, ElementsAre("shop"));
    }
  }
}

// What two presets call the same is the same.
TEST(Presets, AgreeOnTheirMetrics) {
  std::map<std::string, Metric> known;
  for (const Preset& preset : all_presets()) {
    const auto config = parse_config(using_preset(preset.name), "f");
    ASSERT_TRUE(config.has_value());
    for (const Metric& metric : config->metrics) {
      EXPECT_EQ(known.try_emplace(metric.name, metric).first->second, metric) << preset.name;
    }
  }
}

TEST(Presets, GiveWayToMetricsOfTheFile) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, parse_config(using_preset("http-server", R"(
metrics:
  http_server_request_duration_seconds:
    { type: histogram, help: Mine., unit: s, labels: [http_route], buckets: [1, 2] }
)"),
                                                              "f"));
  EXPECT_THAT(config.metrics.front().labels, ElementsAre("http_route"));
  EXPECT_THAT(config.metrics.front().buckets, ElementsAre(1, 2));
  EXPECT_EQ(std::ranges::count(config.metrics, config.metrics.front().name, &Metric::name), 1);
}

TEST(Presets, StandBesideProbesOfTheFileWhichCanRecordTheirMetrics) {
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, parse_config(using_preset("http-server", R"(
probes:
  - service: other
    function: a.b
    labels: { http_request_method: { const: "" }, http_route: { const: "" }, http_response_status_code: { const: "" } }
    record: [http_server_request_duration_seconds]
)"),
                                                              "f"));
  ASSERT_EQ(config.probes.size(), 2U);
  EXPECT_EQ(config.probes[0].preset, "");
  EXPECT_EQ(config.probes[1].preset, "go/http-server");
}

// The place of what does not fit is where the preset is asked for.
TEST(Presets, ThatDoNotFitAMetricOfTheFileAreToldWhereTheyAreUsed) {
  const auto config = parse_config(
      using_preset("http-server",
                   "metrics: { http_server_active_requests: { type: gauge, help: h, labels: [pod] } }\n"),
      "f");
  ASSERT_FALSE(config.has_value());
  EXPECT_THAT(config.error().message,
              testing::StartsWith(
                  "f:1:13: label \"pod\" of metric \"http_server_active_requests\" is not fed by probe "
                  "\"go/http-server/requests\""));
}

}  // namespace
}  // namespace config
