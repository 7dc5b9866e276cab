#include "bpf/probe_fixture.hpp"

#include <bpf/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <string_view>

#include "attach/gate.hpp"
#include "attach/own_sites.hpp"
#include "attach/series_slabs.hpp"
#include "collect/fold_process.hpp"
#include "collect/metric_shape.hpp"
#include "collect/read_maps.hpp"

namespace bpf_test {
namespace {

// This process is the only one that is hit: it has a low number.
constexpr std::uint32_t kNumbers = 8;

// BPF_TEST_WITHOUT names what to do without, as on a kernel that lacks it: uprobe_multi, sleepable,
// loop_helper, register_writes.
attach::KernelSupport as_if_older(attach::KernelSupport kernel) {
  const char* const value = std::getenv("BPF_TEST_WITHOUT");
  const std::string_view without = value == nullptr ? "" : value;
  const auto kept = [&](std::string_view feature) { return without.find(feature) == std::string_view::npos; };
  kernel.uprobe_multi = kernel.uprobe_multi && kept("uprobe_multi");
  kernel.sleepable = kernel.sleepable && kept("sleepable");
  kernel.loop_helper = kernel.loop_helper && kept("loop_helper");
  kernel.register_writes = kernel.register_writes && kept("register_writes");
  return kernel;
}

// The config's metrics are those of the plan, and of the kinds that its records feed.
void match_metrics(config::ProbeConfig& config, plan::ProbePlan& plan) {
  for (plan::PlannedProbe& probe : plan.probes) {
    for (plan::PlannedRecord& record : probe.records) {
      const auto metric = std::ranges::find(config.metrics, record.metric, &config::Metric::name);
      if (metric == config.metrics.end()) {
        continue;
      }
      for (const auto kind :
           {config::MetricKind::kCounter, config::MetricKind::kHistogram, config::MetricKind::kGauge}) {
        metric->kind = collect::counts_for(record.kind, kind) ? kind : metric->kind;
      }
      metric->buckets.assign(record.bounds.begin(), record.bounds.end());
      record.labels = metric->labels;
      record.unit = metric->unit;
      record.buckets = metric->buckets;
    }
  }
}

}  // namespace

plan::Site site_of(const void* instruction, std::uint16_t function) {
  auto site = attach::own_site(instruction);
  if (!site) {
    ADD_FAILURE() << site.error().message;
    return {};
  }
  site->function = function;
  return *std::move(site);
}

plan::ProbePlan empty_plan() {
  plan::ProbePlan plan;
  plan.binary = "/proc/self/exe";
  plan.runtime = inspect::Runtime::kGo;
  plan.position_independent = true;
  plan.functions = {"main.outer", "main.inner"};
  plan.goroutine = {.goid = 16, .stack_hi = 8};
  return plan;
}

plan::PlannedProbe framed_probe(std::string name, std::uint16_t function) {
  plan::PlannedProbe probe;
  probe.name = std::move(name);
  probe.services = {"test"};
  probe.entry_sites = {site_of(function == 0 ? probed_outer_entry : probed_inner_entry, function)};
  probe.return_sites = {site_of(function == 0 ? probed_outer_return : probed_inner_return, function)};
  probe.framed = true;
  return probe;
}

operation step(int code, int d, int a, int b, std::uint64_t imm, int size, int text) {
  return {.code = static_cast<__u8>(code),
          .d = static_cast<__u8>(d),
          .a = static_cast<__u8>(a),
          .b = static_cast<__u8>(b),
          .size = static_cast<__u8>(size),
          .flags = 0,
          .text = static_cast<__u16>(text),
          .imm = imm};
}

void ProbeTest::SetUp() {
  auto kernel = attach::probe_kernel();
  ASSERT_TRUE(kernel.has_value()) << kernel.error().message;
  kernel_ = as_if_older(*kernel);
  auto watch = attach::ProcessWatch::start({});
  ASSERT_TRUE(watch.has_value()) << watch.error().message;
  watch_ = std::move(*watch);
  config_.services = {{.name = "test", .match = {}, .identity = {}, .position = {}}};
  service_bits_.assign(config_.services);
  goroutine_.goid = 7;
  // Any address above the stack of this thread serves as its end.
  goroutine_.stack_hi = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0)) + (1u << 20);
}

void ProbeTest::attach(plan::ProbePlan plan) {
  binary_.reset();
  replace(std::move(plan));
}

void ProbeTest::replace(plan::ProbePlan plan) {
  match_metrics(config_, plan);
  const discover::Target target{
      .binary = {}, .exe = "/proc/self/exe", .open_path = "/proc/self/exe", .members = {}};
  auto file = attach::HeldFile::open(target.open_path, attach::Lease::kWherePossible);
  ASSERT_TRUE(file.has_value()) << file.error().message;
  auto attached = attach::attach_binary({.config = &config_,
                                         .target = &target,
                                         .service = "test",
                                         .watch = &*watch_,
                                         .service_bits = &service_bits_,
                                         .kernel = kernel_,
                                         .earlier = binary_ ? &*binary_ : nullptr,
                                         .earlier_counts = binary_.has_value()},
                                        std::move(plan), *std::move(file), numbers_);
  ASSERT_TRUE(attached.has_value()) << attached.error().message;
  const std::array gates{attach::Gate{attached->gate, attached->generation}};
  const auto opened =
      binary_ ? attach::hand_over(watch_->maps(), gates) : attach::open_gates(watch_->maps(), gates);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  binary_ = std::move(*attached);
  for (const auto& probe : binary_->probes) {
    ASSERT_EQ(probe.error, "");
  }
  attach::settle(*binary_);  // no call began before
}

void ProbeTest::attach_beside(plan::ProbePlan plan) {
  swap_binaries();
  replace(std::move(plan));
}

void ProbeTest::swap_binaries() {
  binary_.swap(beside_);
}

void ProbeTest::give_slabs() {
  for (std::size_t i = 0; i < binary_->probes.size(); ++i) {
    attach::ProbeMaps& maps = binary_->probes[i].maps;
    while (maps.made_slabs.size() < attach::slabs_of(maps.series_limit)) {
      auto slab = attach::make_slab({}, maps, std::max<std::uint32_t>(binary_->plan.probes[i].slots, 1));
      ASSERT_TRUE(slab.has_value()) << slab.error().message;
      maps.made_slabs.push_back(std::move(*slab));
    }
    const auto opened = attach::open_slabs(maps);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
  }
}

std::vector<collect::Sample> ProbeTest::samples() {
  // Process numbers are given in order: whatever was hit is this process.
  collect::ProcessTable processes;
  for (std::uint32_t number = 1; number < kNumbers; ++number) {
    processes[number] = {
        .pid = ::getpid(), .start_time_ns = 0, .services = {"test"}, .binary = {}, .exited = false};
  }
  auto samples = collect::collect(config_, *binary_, processes, gauges_);
  EXPECT_TRUE(samples.has_value()) << samples.error().message;
  return samples.value_or(std::vector<collect::Sample>{});
}

double ProbeTest::total(const std::string& metric) {
  double sum = 0;
  for (const collect::Sample& sample : samples()) {
    if (sample.metric == metric) {
      sum += sample.buckets.empty() ? sample.number
                                    : static_cast<double>(std::accumulate(
                                          sample.buckets.begin(), sample.buckets.end(), std::uint64_t{0}));
    }
  }
  return sum;
}

std::uint64_t ProbeTest::loss(const std::string& reason) {
  auto losses = collect::read_losses(watch_->maps());
  EXPECT_TRUE(losses.has_value());
  std::uint64_t count = 0;
  for (const collect::Loss& entry : collect::name_losses(*binary_, *losses)) {
    count += entry.reason == reason ? entry.count : 0;
  }
  return count;
}

void ProbeTest::classify(std::uint64_t services) {
  __u32 tgid = 0;
  process known{};
  const int map = watch_->maps().processes.value();
  ASSERT_EQ(bpf_map_get_next_key(map, nullptr, &tgid), 0);
  ASSERT_EQ(bpf_map_lookup_elem(map, &tgid, &known), 0);
  known.classified = known.number;
  known.services = services;
  ASSERT_EQ(bpf_map_update_elem(map, &tgid, &known, BPF_EXIST), 0);
}

void ProbeTest::fold() {
  for (std::uint32_t number = 1; number < kNumbers; ++number) {
    auto folded = collect::fold_process(*binary_, number, collect::Fold::kAll);
    ASSERT_TRUE(folded.has_value()) << folded.error().message;
  }
}

std::vector<collect::RawFrame> ProbeTest::frames() {
  auto frames = collect::read_frames(*binary_);
  EXPECT_TRUE(frames.has_value());
  return *frames;
}

std::size_t ProbeTest::frames_left() {
  return frames().size();
}

attach::CallRecords ProbeTest::records() {
  auto records = attach::CallRecords::open(*binary_, watch_->maps());
  EXPECT_TRUE(records.has_value()) << records.error().message;
  return std::move(*records);
}

}  // namespace bpf_test
