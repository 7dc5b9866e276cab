#include "metrics/self_metrics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace metrics {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// A state that gives every family a series.
SelfState full_state() {
  SelfState state;
  state.build = {.version = "1.2.3", .revision = "abc", .compiler = "g++ 12", .libbpf = "1.4"};
  state.attached = {{.probe = "logic.login", .sites = 3, .hits = 100, .inlined_copies = 2}};
  state.not_attached = {{.probe = "logic.send", .reason = "no function"}};
  state.costs = {{.service = "logic",
                  .probe = "logic.login",
                  .target_seconds = 1.25,
                  .stranger_seconds = 0.5,
                  .is_over_budget = false,
                  .detaches = 2},
                 {.service = "logic",
                  .probe = "logic.send",
                  .target_seconds = 3,
                  .stranger_seconds = 0,
                  .is_over_budget = true,
                  .detaches = 1}};
  state.hit_costs = {{.site = "return", .process = "target", .seconds = 9.8e-6}};
  state.hit_costs_measured = true;
  state.budgets = {{.service = "logic", .cores = 0.05}};
  state.losses = {{.probe = "logic.login", .reason = "map_full", .count = 7}};
  state.services = {{.service = "logic", .processes = 2}, {.service = "task", .processes = 0}};
  state.metrics = {{.metric = "request_total", .series = 12, .limit = 1000}};
  state.in_flight_entries = 5;
  state.in_flight_limit = 16384;
  state.unknown_baselines = {"connection_count"};
  state.lost_process_events = 9;
  state.blind_seconds = 1.5;
  state.is_superseded = true;
  state.scrape_duration_seconds = 0.004;
  state.reload = {.last_successful = true, .last_success_seconds = 1'700'000'000, .config_hash = "cafe"};
  state.process = base::ResourceUse{.cpu_seconds = 2.5,
                                    .start_time_seconds = 1'600'000'000,
                                    .resident_bytes = 1000,
                                    .virtual_bytes = 2000,
                                    .threads = 5,
                                    .open_fds = 30,
                                    .max_fds = 1024};
  return state;
}

const Family* find(const std::vector<Family>& families, std::string_view name) {
  const auto found = std::ranges::find(families, name, &Family::name);
  return found == families.end() ? nullptr : &*found;
}

double number(const std::vector<Family>& families, std::string_view name,
              const std::vector<std::string>& labels) {
  if (const Family* family = find(families, name)) {
    for (const Series& series : family->series) {
      if (series.labels == labels) {
        return series.number;
      }
    }
  }
  ADD_FAILURE() << name << " has no series " << fmt::format("{}", labels);
  return -1;
}

TEST(SelfMetrics, ShowsTheState) {
  const std::vector<Family> families = self_metrics(full_state());
  EXPECT_EQ(number(families, "uprobe_exporter_build_info", {"1.2.3", "abc", "g++ 12", "1.4"}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_attached", {"logic.login"}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_attached", {"logic.send"}), 0);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_skipped", {"logic.send", "no function"}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_sites", {"logic.login"}), 3);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_hits_total", {"logic.login"}), 100);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_cpu_seconds_total", {"logic", "logic.login"}), 1.25);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_stranger_cpu_seconds_total", {"logic", "logic.login"}),
            0.5);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_over_budget", {"logic", "logic.login"}), 0);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_over_budget", {"logic", "logic.send"}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_budget_detaches_total", {"logic", "logic.login"}), 2);
  EXPECT_EQ(number(families, "uprobe_exporter_budget_cores", {"logic"}), 0.05);
  EXPECT_EQ(number(families, "uprobe_exporter_hit_cost_seconds", {"return", "target"}), 9.8e-6);
  EXPECT_EQ(number(families, "uprobe_exporter_hit_costs_measured", {}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_losses_total", {"logic.login", "map_full"}), 7);
  EXPECT_EQ(number(families, "uprobe_exporter_service_processes", {"logic"}), 2);
  EXPECT_EQ(number(families, "uprobe_exporter_service_processes", {"task"}), 0);
  EXPECT_EQ(number(families, "uprobe_exporter_metric_series", {"request_total"}), 12);
  EXPECT_EQ(number(families, "uprobe_exporter_metric_series_limit", {"request_total"}), 1000);
  EXPECT_EQ(number(families, "uprobe_exporter_in_flight_entries", {}), 5);
  EXPECT_EQ(number(families, "uprobe_exporter_process_events_lost_total", {}), 9);
  EXPECT_EQ(number(families, "uprobe_exporter_in_flight_entries_limit", {}), 16384);
  EXPECT_EQ(number(families, "uprobe_exporter_unknown_baseline", {"connection_count"}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_blind_seconds_total", {}), 1.5);
  EXPECT_EQ(number(families, "uprobe_exporter_superseded", {}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_inlined_copies", {"logic.login"}), 2);
  EXPECT_EQ(number(families, "uprobe_exporter_scrape_duration_seconds", {}), 0.004);
  EXPECT_EQ(number(families, "uprobe_exporter_config_last_reload_successful", {}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_config_info", {"cafe"}), 1);
  EXPECT_EQ(number(families, "process_cpu_seconds_total", {}), 2.5);
  EXPECT_EQ(number(families, "process_max_fds", {}), 1024);
}

TEST(SelfMetrics, ProbeAttachedInOneBinaryAndSkippedInAnotherIsAttached) {
  SelfState state;
  state.attached = {{.probe = "p", .sites = 2, .hits = 5}, {.probe = "p", .sites = 1, .hits = 1}};
  state.not_attached = {{.probe = "p", .reason = "no function"}, {.probe = "p", .reason = "no function"}};
  const std::vector<Family> families = self_metrics(state);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_attached", {"p"}), 1);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_sites", {"p"}), 3);
  EXPECT_EQ(number(families, "uprobe_exporter_probe_hits_total", {"p"}), 6);
  EXPECT_THAT(find(families, "uprobe_exporter_probe_skipped")->series, SizeIs(1));
}

TEST(SelfMetrics, LeavesOutFamiliesWithoutSeries) {
  const std::vector<Family> families = self_metrics({});
  EXPECT_EQ(find(families, "uprobe_exporter_losses_total"), nullptr);
  EXPECT_EQ(find(families, "process_open_fds"), nullptr);
  EXPECT_TRUE(std::ranges::is_sorted(families, {}, &Family::name));
}

TEST(SelfMetrics, MakesReasonsValidUtf8) {
  SelfState state;
  state.not_attached = {{.probe = "p", .reason = "no function \xFF"}};
  EXPECT_EQ(number(self_metrics(state), "uprobe_exporter_probe_skipped", {"p", "no function \xEF\xBF\xBD"}),
            1);
}

// docs/metrics.md, a row for each: | `name` | kind | labels | help |
TEST(SelfMetrics, AreAllInTheDocument) {
  std::set<std::string> rows;
  for (const Family& family : self_metrics(full_state())) {
    std::string labels;
    for (const std::string& label : family.labels) {
      labels += (labels.empty() ? "`" : ", `") + label + "`";
    }
    rows.insert(fmt::format("| `{}` | {} | {} | {} |", family.name,
                            family.kind == FamilyKind::kCounter ? "counter" : "gauge", labels, family.help));
  }
  std::set<std::string> documented;
  std::ifstream document(METRICS_DOCUMENT);
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| `uprobe_exporter_") || line.starts_with("| `process_")) {
      documented.insert(line);
    }
  }
  EXPECT_EQ(documented, rows);
}

}  // namespace
}  // namespace metrics
