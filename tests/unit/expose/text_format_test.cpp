#include "expose/text_format.hpp"

#include <gtest/gtest.h>

#include "metrics/self_metrics.hpp"
#include "support/run_command.hpp"
#include "unit/expose/example_snapshot.hpp"

namespace expose {
namespace {

TEST(TextFormat, WritesExactlyThis) {
  EXPECT_EQ(text_format(example_snapshot()),
            "# HELP connection_count Open \"WebSocket\" connections.\\nSecond line \\\\ end\n"
            "# TYPE connection_count gauge\n"
            "connection_count{gateway_id=\"\"} -0.5\n"
            "connection_count{gateway_id=\"a\\\"b\\\\c\\nd\te\rf\"} +Inf\n"
            "connection_count{gateway_id=\"z\xC3\xA4\xF0\x9F\x98\x80\"} 3\n"
            "# HELP lookups A counter without _total.\n"
            "# TYPE lookups counter\n"
            "lookups 7\n"
            "# TYPE request_duration_ms histogram\n"
            "request_duration_ms_bucket{service=\"logic\",method=\"Login\",le=\"0.5\"} 1\n"
            "request_duration_ms_bucket{service=\"logic\",method=\"Login\",le=\"1\"} 2\n"
            "request_duration_ms_bucket{service=\"logic\",method=\"Login\",le=\"2500\"} 3\n"
            "request_duration_ms_bucket{service=\"logic\",method=\"Login\",le=\"+Inf\"} 4\n"
            "request_duration_ms_sum{service=\"logic\",method=\"Login\"} 1234.5\n"
            "request_duration_ms_count{service=\"logic\",method=\"Login\"} 4\n"
            "# HELP request_total Requests handled.\n"
            "# TYPE request_total counter\n"
            "request_total{status=\"error\"} 1e+21\n"
            "request_total{status=\"ok\"} 123456789012\n"
            "# HELP wait_seconds Negative bounds.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{le=\"-1\"} 1\n"
            "wait_seconds_bucket{le=\"0\"} 1\n"
            "wait_seconds_bucket{le=\"+Inf\"} 1\n"
            "wait_seconds_sum -3\n"
            "wait_seconds_count 1\n");
}

TEST(TextFormat, IsEmptyWithoutFamilies) {
  EXPECT_EQ(text_format({}), "");
}

// promtool answers 0 without findings, 3 with remarks about names (which are the user's), 1 where it cannot
// read.
TEST(TextFormat, IsReadByPromtool) {
  const support::CommandResult result =
      support::run_command("promtool check metrics", text_format(example_snapshot()));
  EXPECT_EQ(result.status, 3) << result.output;
  EXPECT_EQ(result.output.find("error while linting"), std::string::npos) << result.output;
}

TEST(TextFormat, SelfMetricsPassPromtool) {
  metrics::SelfState state;
  state.attached = {{.probe = "p", .sites = 1, .hits = 1}};
  state.not_attached = {{.probe = "q", .reason = "no \"function\"\n\x01"}};
  state.losses = {{.probe = "p", .reason = "read_failed", .count = 1}};
  state.services = {{.service = "logic", .processes = 1}};
  state.metrics = {{.metric = "request_total", .series = 1, .limit = 2}};
  state.unknown_baselines = {"connection_count"};
  state.process = base::ResourceUse{};
  const support::CommandResult result =
      support::run_command("promtool check metrics", text_format({.families = metrics::self_metrics(state)}));
  EXPECT_EQ(result.status, 0) << result.output;
}

}  // namespace
}  // namespace expose
