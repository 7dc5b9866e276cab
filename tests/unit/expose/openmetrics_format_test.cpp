#include "expose/openmetrics_format.hpp"

#include <gtest/gtest.h>

#include "metrics/self_metrics.hpp"
#include "support/run_command.hpp"
#include "unit/expose/example_snapshot.hpp"

namespace expose {
namespace {

// Prints every sample as the strict parser of Prometheus' Python client understands it.
constexpr const char* kParser = R"(/usr/bin/python3 -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
text = sys.stdin.buffer.read().decode()
for family in text_string_to_metric_families(text):
    print(family.name, family.type, family.unit or "-", len(family.samples))
')";

TEST(OpenMetricsFormat, WritesExactlyThis) {
  EXPECT_EQ(openmetrics_format(example_snapshot()),
            "# TYPE connection_count gauge\n"
            "# HELP connection_count Open \\\"WebSocket\\\" connections.\\nSecond line \\\\ end\n"
            "connection_count{gateway_id=\"\"} -0.5\n"
            "connection_count{gateway_id=\"a\\\"b\\\\c\\nd\te\rf\"} +Inf\n"
            "connection_count{gateway_id=\"z\xC3\xA4\xF0\x9F\x98\x80\"} 3\n"
            "# TYPE lookups unknown\n"
            "# HELP lookups A counter without _total.\n"
            "lookups 7\n"
            "# TYPE request_duration_ms histogram\n"
            "# UNIT request_duration_ms ms\n"
            "request_duration_ms_bucket{service=\"logic\",method=\"Login\",le=\"0.5\"} 1\n"
            "request_duration_ms_bucket{service=\"logic\",method=\"Login\",le=\"1.0\"} 2\n"
            "request_duration_ms_bucket{service=\"logic\",method=\"Login\",le=\"2500.0\"} 3\n"
            "request_duration_ms_bucket{service=\"logic\",method=\"Login\",le=\"+Inf\"} 4\n"
            "request_duration_ms_sum{service=\"logic\",method=\"Login\"} 1234.5\n"
            "request_duration_ms_count{service=\"logic\",method=\"Login\"} 4\n"
            "# TYPE request counter\n"
            "# HELP request Requests handled.\n"
            "request_total{status=\"error\"} 1e+21\n"
            "request_total{status=\"ok\"} 123456789012\n"
            "# TYPE wait_seconds histogram\n"
            "# UNIT wait_seconds seconds\n"
            "# HELP wait_seconds Negative bounds.\n"
            "wait_seconds_bucket{le=\"-1.0\"} 1\n"
            "wait_seconds_bucket{le=\"0.0\"} 1\n"
            "wait_seconds_bucket{le=\"+Inf\"} 1\n"
            "# EOF\n");
}

TEST(OpenMetricsFormat, EndsEvenWithoutFamilies) {
  EXPECT_EQ(openmetrics_format({}), "# EOF\n");
}

TEST(OpenMetricsFormat, IsReadByAStrictParser) {
  const support::CommandResult result = support::run_command(kParser, openmetrics_format(example_snapshot()));
  EXPECT_EQ(result.output,
            "connection_count gauge - 3\n"
            "lookups unknown - 1\n"
            "request_duration_ms histogram ms 6\n"
            "request counter - 2\n"
            "wait_seconds histogram seconds 3\n");
}

TEST(OpenMetricsFormat, SaysWhenCountsBegan) {
  using metrics::Family;
  using metrics::FamilyKind;
  const Family counter{.name = "a_total",
                       .help = "",
                       .kind = FamilyKind::kCounter,
                       .labels = {"s"},
                       .series = {{.labels = {"x"}, .number = 0, .created = 1700000000.25},
                                  {.labels = {"y"}, .number = 3, .created = 0}}};
  const Family histogram{.name = "h",
                         .help = "",
                         .kind = FamilyKind::kHistogram,
                         .bounds = {1},
                         .series = {{.buckets = {0, 0}, .created = 5}}};
  const Family gauge{
      .name = "g", .help = "", .kind = FamilyKind::kGauge, .series = {{.number = 1, .created = 5}}};
  const Family unknown{.name = "u", .help = "", .kind = FamilyKind::kCounter, .series = {{.created = 5}}};
  EXPECT_EQ(openmetrics_format({.families = {counter, gauge, histogram, unknown}}),
            "# TYPE a counter\n"
            "a_total{s=\"x\"} 0\n"
            "a_created{s=\"x\"} 1700000000.25\n"
            "a_total{s=\"y\"} 3\n"
            "# TYPE g gauge\n"
            "g 1\n"
            "# TYPE h histogram\n"
            "h_bucket{le=\"1.0\"} 0\n"
            "h_bucket{le=\"+Inf\"} 0\n"
            "h_sum 0\n"
            "h_count 0\n"
            "h_created 5\n"
            "# TYPE u unknown\n"
            "u 0\n"
            "# EOF\n");
}

TEST(OpenMetricsFormat, HasNoSumThatIsBelowZero) {
  const metrics::Family histogram{.name = "h",
                                  .help = "",
                                  .kind = metrics::FamilyKind::kHistogram,
                                  .bounds = {1},
                                  .series = {{.number = -2, .buckets = {1, 1}}}};
  EXPECT_EQ(openmetrics_format({.families = {histogram}}),
            "# TYPE h histogram\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 1\n# EOF\n");
}

TEST(OpenMetricsFormat, NamesTheUnitsOfSelfMetrics) {
  metrics::SelfState state;
  state.process = base::ResourceUse{};
  const support::CommandResult result =
      support::run_command(kParser, openmetrics_format({.families = metrics::self_metrics(state)}));
  EXPECT_NE(result.output.find("process_cpu_seconds counter seconds 1\n"), std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("process_resident_memory_bytes gauge bytes 1\n"), std::string::npos)
      << result.output;
}

}  // namespace
}  // namespace expose
