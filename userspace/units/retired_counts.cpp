#include "units/retired_counts.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "attach/call_records.hpp"
#include "attach/pinned_binary.hpp"
#include "collect/collector.hpp"
#include "collect/label_values.hpp"
#include "collect/read_maps.hpp"

namespace units {
namespace {

using base::Result;

// Which metrics have labels that go with a process.
bool keeps_process(const config::ProbeConfig& config, const plan::ProbePlan& plan,
                   const collect::Sample& sample) {
  return std::ranges::any_of(plan.probes, [&](const plan::PlannedProbe& probe) {
    return std::ranges::find(probe.records, sample.metric, &plan::PlannedRecord::metric) !=
               probe.records.end() &&
           !collect::learnt_labels(config, probe).empty();
  });
}

}  // namespace

bool is_counted(const config::ProbeConfig& config, const collect::Sample& sample) {
  const auto metric = std::ranges::find(config.metrics, sample.metric, &config::Metric::name);
  if (metric == config.metrics.end()) {
    return false;
  }
  const std::size_t buckets = metric->kind == config::MetricKind::kHistogram ? metric->buckets.size() + 1 : 0;
  return (metric->kind == config::MetricKind::kCounter || metric->kind == config::MetricKind::kHistogram) &&
         metric->labels.size() == sample.labels.size() && sample.buckets.size() == buckets;
}

base::Result<bool> add_to_totals(const config::ProbeConfig& config, const Attachment& attachment,
                                 const collect::ProcessTable& processes, const attach::SharedMaps& maps,
                                 KeptState& kept) {
  const attach::AttachedBinary& binary = attachment.binary;
  if (is_in_totals(binary, std::as_const(kept).totals())) {
    return true;
  }
  ASSIGN_OR_RETURN(const bool is_told, collect::is_told(config, binary, processes));
  if (!is_told) {
    return false;
  }
  collect::GaugeMemory gauges;  // its gauges are left out
  ASSIGN_OR_RETURN(std::vector<collect::Sample> samples, collect::collect(config, binary, processes, gauges));
  std::erase_if(samples, [&](const collect::Sample& sample) { return !is_counted(config, sample); });
  for (collect::Sample& sample : samples) {
    if (!keeps_process(config, binary.plan, sample)) {
      sample.process = FOLDED_PROCESS;
    }
  }
  ASSIGN_OR_RETURN(const std::vector<std::uint64_t> hits, collect::read_hits(maps));
  ASSIGN_OR_RETURN(const std::vector<std::uint64_t> losses, collect::read_losses(maps));
  collect::Totals& totals = kept.totals();
  collect::add_samples(totals, samples);
  collect::add_losses(totals, collect::name_losses(binary, losses));
  collect::add_hits(totals.hits, binary, hits);
  for (const attach::AttachedProbe& probe : binary.probes) {
    totals.merged.push_back(attach::counts_id(probe));
  }
  RETURN_IF_ERROR(kept.save_totals());
  return true;
}

bool is_in_totals(const attach::AttachedBinary& binary, const collect::Totals& totals) {
  return std::ranges::any_of(binary.probes, [&](const attach::AttachedProbe& probe) {
    const std::uint32_t id = attach::counts_id(probe);
    return id != 0 && std::ranges::find(totals.merged, id) != totals.merged.end();
  });
}

void clear_counts(const attach::SharedMaps& maps, std::uint16_t probe) {
  const std::vector<std::uint64_t> zeros(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (std::uint32_t at = 0; at < 2; ++at) {
    const std::uint32_t key = probe * 2U + at;
    bpf_map_update_elem(maps.hits.value(), &key, zeros.data(), BPF_ANY);
    bpf_map_update_elem(maps.stranger_hits.value(), &key, zeros.data(), BPF_ANY);
  }
  for (std::uint32_t reason = 0; reason < LOSS_REASONS; ++reason) {
    const std::uint32_t key = probe * static_cast<std::uint32_t>(LOSS_REASONS) + reason;
    bpf_map_update_elem(maps.losses.value(), &key, zeros.data(), BPF_ANY);
  }
}

base::Result<> end_calls(const attach::AttachedBinary& binary, const std::set<std::uint16_t>& probes,
                         const attach::SharedMaps& maps) {
  ASSIGN_OR_RETURN(const attach::CallRecords records, attach::CallRecords::open(binary, maps));
  // A goroutine that goes on meanwhile may move its calls.
  for (bool is_complete = false; !is_complete;) {
    is_complete = true;
    ASSIGN_OR_RETURN(const std::vector<collect::RawFrame> frames, collect::read_frames(binary));
    for (const collect::RawFrame& frame : frames) {
      if (!probes.contains(frame.probe)) {
        continue;
      }
      ended_call call = collect::ended_call_of(frame);
      call.is_replaced = 1;
      is_complete = records.end(call) && is_complete;
    }
  }
  return {};
}

}  // namespace units
