#include "metrics/self_metrics.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/own_metric_names.hpp"
#include "base/utf8.hpp"

namespace metrics {
namespace {

// What a family is, without its numbers.
struct Description {
  base::OwnMetricName name;
  FamilyKind kind;
  const char* unit;
  std::vector<std::string> labels;
  const char* help;
};

// Collects the series of one family; numbers of equal labels are added up.
class FamilyBuilder {
 public:
  explicit FamilyBuilder(Description description) : description_(std::move(description)) {}

  FamilyBuilder& add(std::vector<std::string> labels, double number) {
    value_of(std::move(labels)) += number;
    return *this;
  }

  FamilyBuilder& add(std::vector<std::string> labels, std::uint64_t number) {
    return add(std::move(labels), static_cast<double>(number));
  }

  FamilyBuilder& set(std::vector<std::string> labels, double number) {
    value_of(std::move(labels)) = number;
    return *this;
  }

  [[nodiscard]] Family build() const {
    Family family{.name = description_.name.text(),
                  .help = description_.help,
                  .kind = description_.kind,
                  .unit = description_.unit,
                  .labels = description_.labels,
                  .bounds = {},
                  .series = {}};
    for (auto& [labels, number] : numbers_) {
      family.series.push_back({.labels = labels, .number = number, .buckets = {}});
    }
    return family;
  }

 private:
  double& value_of(std::vector<std::string> labels) {
    std::ranges::transform(labels, labels.begin(), base::to_valid_utf8);
    return numbers_[std::move(labels)];
  }

  Description description_;
  std::map<std::vector<std::string>, double> numbers_;
};

FamilyBuilder counter(base::OwnMetricName name, const char* unit, std::vector<std::string> labels,
                      const char* help) {
  return FamilyBuilder({name, FamilyKind::kCounter, unit, std::move(labels), help});
}

FamilyBuilder gauge(base::OwnMetricName name, const char* unit, std::vector<std::string> labels,
                    const char* help) {
  return FamilyBuilder({name, FamilyKind::kGauge, unit, std::move(labels), help});
}

using Families = std::vector<Family>;

void append_build(Families& families, const BuildInfo& build) {
  families.push_back(gauge("uprobe_exporter_build_info", "", {"version", "revision", "compiler", "libbpf"},
                           "Constant 1; the labels say what this exporter was built from.")
                         .set({build.version, build.revision, build.compiler, build.libbpf}, 1)
                         .build());
}

void append_probes(Families& families, const SelfState& state) {
  auto attached = gauge("uprobe_exporter_probe_attached", "", {"probe"},
                        "1 where the probe is attached in at least one binary, 0 where it is in none.");
  auto sites = gauge("uprobe_exporter_probe_sites", "", {"probe"},
                     "Breakpoints of the probe, entries and returns, in all binaries.");
  auto hits = counter("uprobe_exporter_probe_hits_total", "", {"probe"},
                      "Times that a breakpoint of the probe was reached.");
  auto skipped = gauge(
      "uprobe_exporter_probe_skipped", "", {"probe", "reason"},
      "1 for each reason why the probe, or a function that it names, could not be attached in a binary.");
  auto copies =
      gauge("uprobe_exporter_probe_inlined_copies", "", {"probe"},
            "Functions into which the compiler has copied the probed one: calls there are not counted.");
  for (const NotAttachedProbe& probe : state.not_attached) {
    attached.set({probe.probe}, 0);
    skipped.set({probe.probe, probe.reason}, 1);
  }
  for (const AttachedProbe& probe : state.attached) {
    attached.set({probe.probe}, 1);
    sites.add({probe.probe}, probe.sites);
    hits.add({probe.probe}, probe.hits);
    copies.add({probe.probe}, probe.inlined_copies);
  }
  for (FamilyBuilder* family : {&attached, &sites, &hits, &skipped, &copies}) {
    families.push_back(family->build());
  }
}

void append_costs(Families& families, const SelfState& state) {
  auto targets =
      counter("uprobe_exporter_probe_cpu_seconds_total", "seconds", {"service", "probe"},
              "CPU time that the probe's hits cost the service, estimated: hits times the price of one.");
  auto strangers =
      counter("uprobe_exporter_probe_stranger_cpu_seconds_total", "seconds", {"service", "probe"},
              "The same, of processes that run the service's file and are not counted.");
  auto over = gauge("uprobe_exporter_probe_over_budget", "", {"service", "probe"},
                    "1 where the probe is detached for a while, as it costs more than the budget.");
  auto detaches = counter("uprobe_exporter_probe_budget_detaches_total", "", {"service", "probe"},
                          "Times that the probe was detached as the dearest of those that broke a budget.");
  for (const ProbeCostState& cost : state.costs) {
    targets.add({cost.service, cost.probe}, cost.target_seconds);
    strangers.add({cost.service, cost.probe}, cost.stranger_seconds);
    over.set({cost.service, cost.probe}, cost.is_over_budget ? 1 : 0);
    detaches.add({cost.service, cost.probe}, cost.detaches);
  }
  auto budget = gauge("uprobe_exporter_budget_cores", "", {"service"},
                      "Share of a core that the probes of the service may cost it.");
  for (const BudgetState& limit : state.budgets) {
    budget.set({limit.service}, limit.cores);
  }
  auto prices = gauge("uprobe_exporter_hit_cost_seconds", "seconds", {"site", "process"},
                      "CPU time of one hit, by what is probed and whether the probe counts the process.");
  for (const HitCostState& cost : state.hit_costs) {
    prices.set({cost.site, cost.process}, cost.seconds);
  }
  auto measured = gauge("uprobe_exporter_hit_costs_measured", "", {},
                        "1 where the costs of a hit were measured at the start, 0 where they are defaults.")
                      .set({}, state.hit_costs_measured ? 1 : 0);
  for (const FamilyBuilder* family : {&targets, &strangers, &over, &detaches, &budget, &prices, &measured}) {
    families.push_back(family->build());
  }
}

void append_losses(Families& families, const SelfState& state) {
  auto losses = counter("uprobe_exporter_losses_total", "", {"probe", "reason"},
                        "Observations that could not be counted as configured, by probe and reason.");
  for (const collect::Loss& loss : state.losses) {
    losses.add({loss.probe, loss.reason}, loss.count);
  }
  families.push_back(losses.build());
  families.push_back(
      counter("uprobe_exporter_blind_seconds_total", "seconds", {},
              "Time in which services ran without probes, over restarts of the exporter; also from "
              "the start of a program that was never seen before until its probes were there.")
          .add({}, state.blind_seconds)
          .build());
  families.push_back(counter("uprobe_exporter_counters_reset_total", "", {},
                             "Times that counts started again at 0: an earlier exporter kept them in another "
                             "way, they cannot be "
                             "read, or a metric has other buckets, another unit or another kind than before.")
                         .add({}, static_cast<double>(state.resets))
                         .build());
  auto unknown =
      gauge("uprobe_exporter_unknown_baseline", "", {"metric"},
            "1 for a gauge that may lack what was before the exporter: it cannot be known, or a process's "
            "stacks make no sense.");
  for (const std::string& metric : state.unknown_baselines) {
    unknown.set({metric}, 1);
  }
  families.push_back(unknown.build());
  families.push_back(
      gauge("uprobe_exporter_superseded", "", {},
            "1 while another exporter with the same pins is at work; 30 s after that one counts, "
            "this one shows no page any more.")
          .add({}, state.is_superseded ? 1.0 : 0.0)
          .build());
}

void append_services(Families& families, const SelfState& state) {
  auto processes = gauge("uprobe_exporter_service_processes", "", {"service"},
                         "Running processes of the service; 0 while it is gone.");
  for (const ServiceState& service : state.services) {
    processes.add({service.service}, service.processes);
  }
  families.push_back(processes.build());
  families.push_back(counter("uprobe_exporter_process_events_lost_total", "", {},
                             "Starts and ends of processes that the kernel could not report; all processes "
                             "are looked at after each.")
                         .add({}, state.lost_process_events)
                         .build());
}

void append_limits(Families& families, const SelfState& state) {
  auto series = gauge("uprobe_exporter_metric_series", "", {"metric"}, "Series of the metric.");
  auto limit = gauge("uprobe_exporter_metric_series_limit", "", {"metric"},
                     "Series that the metric may have; what comes after goes to an overflow series.");
  for (const MetricUse& metric : state.metrics) {
    series.add({metric.metric}, metric.series);
    limit.add({metric.metric}, metric.limit);
  }
  families.push_back(series.build());
  families.push_back(limit.build());
  families.push_back(
      counter("uprobe_exporter_series_memory_failures_total", "", {},
              "Times that there was no memory per CPU for more series; they are counted, at a higher cost.")
          .add({}, state.series_memory_failures)
          .build());
  families.push_back(gauge("uprobe_exporter_in_flight_entries", "", {}, "Goroutines inside a probed call.")
                         .add({}, state.in_flight_entries)
                         .build());
  families.push_back(gauge("uprobe_exporter_in_flight_entries_limit", "", {},
                           "Goroutines that may be inside a probed call at once; calls above it are losses.")
                         .add({}, state.in_flight_limit)
                         .build());
}

void append_operation(Families& families, const SelfState& state) {
  families.push_back(gauge("uprobe_exporter_scrape_duration_seconds", "seconds", {},
                           "Time that the scrape before this one took to collect and build.")
                         .add({}, state.scrape_duration_seconds)
                         .build());
  families.push_back(gauge("uprobe_exporter_config_last_reload_successful", "", {},
                           "1 where the last attempt to load the configuration succeeded.")
                         .set({}, state.reload.last_successful ? 1 : 0)
                         .build());
  families.push_back(gauge("uprobe_exporter_config_last_reload_success_timestamp_seconds", "seconds", {},
                           "When the configuration in use was loaded, in seconds since 1970.")
                         .set({}, state.reload.last_success_seconds)
                         .build());
  families.push_back(gauge("uprobe_exporter_config_info", "", {"hash"},
                           "Constant 1; the label identifies the configuration in use.")
                         .set({state.reload.config_hash}, 1)
                         .build());
  families.push_back(
      counter("uprobe_exporter_log_lines_lost_total", "", {}, "Lines of the log that could not be written.")
          .add({}, state.lost_log_lines)
          .build());
}

void append_process(Families& families, const base::ResourceUse& use) {
  const auto push = [&](FamilyBuilder family, double number) {
    families.push_back(family.set({}, number).build());
  };
  push(counter("process_cpu_seconds_total", "seconds", {}, "User and system CPU time of the exporter."),
       use.cpu_seconds);
  push(
      gauge("process_start_time_seconds", "seconds", {}, "When the exporter started, in seconds since 1970."),
      use.start_time_seconds);
  push(gauge("process_resident_memory_bytes", "bytes", {}, "Resident memory of the exporter."),
       static_cast<double>(use.resident_bytes));
  push(gauge("process_virtual_memory_bytes", "bytes", {}, "Virtual memory of the exporter."),
       static_cast<double>(use.virtual_bytes));
  push(gauge("process_threads", "", {}, "Threads of the exporter."), static_cast<double>(use.threads));
  push(gauge("process_open_fds", "", {}, "Open file descriptors of the exporter."),
       static_cast<double>(use.open_fds));
  if (use.max_fds) {
    push(gauge("process_max_fds", "", {}, "File descriptors that the exporter may open."),
         static_cast<double>(*use.max_fds));
  }
}

}  // namespace

std::vector<Family> self_metrics(const SelfState& state) {
  Families families;
  append_build(families, state.build);
  append_probes(families, state);
  append_costs(families, state);
  append_losses(families, state);
  append_services(families, state);
  append_limits(families, state);
  append_operation(families, state);
  if (state.process) {
    append_process(families, *state.process);
  }
  std::erase_if(families, [](const Family& family) { return family.series.empty(); });
  std::ranges::sort(families, {}, &Family::name);
  return families;
}

}  // namespace metrics
