#include "units/retired_counts.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "attach/call_records.hpp"
#include "attach/pinned_binary.hpp"
#include "collect/collector.hpp"
#include "collect/fold_process.hpp"
#include "collect/read_maps.hpp"

namespace units {
namespace {

using base::Result;

// What the totals may hold of each metric.
std::map<std::string, std::size_t> series_limits(const config::ProbeConfig& config) {
  std::map<std::string, std::size_t> limits;
  for (const config::Metric& metric : config.metrics) {
    limits[metric.name] = metric.max_series;
  }
  return limits;
}

}  // namespace

bool is_counted(const config::ProbeConfig& config, const collect::Sample& sample) {
  const auto metric = std::ranges::find(config.metrics, sample.metric, &config::Metric::name);
  return metric != config.metrics.end() &&
         (metric->kind == config::MetricKind::kCounter || metric->kind == config::MetricKind::kHistogram);
}

base::Result<bool> add_to_totals(const config::ProbeConfig& config, const Attachment& attachment,
                                 const collect::ProcessTable& processes, const attach::SharedMaps& maps,
                                 KeptState& kept) {
  const attach::AttachedBinary& binary = attachment.binary;
  if (is_in_totals(binary, std::as_const(kept).totals())) {
    return true;
  }
  ASSIGN_OR_RETURN(std::optional<std::vector<collect::Sample>> samples,
                   collect::lasting_counts(config, binary, processes));
  if (!samples) {
    return false;
  }
  std::erase_if(*samples, [&](const collect::Sample& sample) { return !is_counted(config, sample); });
  ASSIGN_OR_RETURN(const std::vector<std::uint64_t> hits, collect::read_hits(maps));
  ASSIGN_OR_RETURN(const std::vector<std::uint64_t> losses, collect::read_losses(maps));
  collect::Totals& totals = kept.totals();
  collect::add_samples(totals, *samples, series_limits(config));
  collect::add_losses(totals, collect::name_losses(binary, losses));
  collect::add_hits(totals.hits, binary, hits);
  for (const attach::AttachedProbe& probe : binary.probes) {
    totals.merged.push_back(attach::counts_id(probe));
  }
  RETURN_IF_ERROR(kept.save_totals());
  return true;
}

void resume_or_forget(std::vector<attach::AttachedBinary>& binaries, KeptState& kept) {
  std::set<std::uint16_t> unreadable;  // gates
  for (const attach::AttachedBinary& binary : binaries) {
    if (auto result = collect::resume_folds(binary); !result && unreadable.insert(binary.gate).second) {
      kept.count_reset("service " + binary.service + " in " + binary.exe + ": " + result.error().message);
    }
  }
  std::erase_if(binaries, [&](const attach::AttachedBinary& binary) {
    if (!unreadable.contains(binary.gate)) {
      return false;
    }
    attach::unpin(kept.units(), binary, true);
    return true;
  });
}

bool is_in_totals(const attach::AttachedBinary& binary, const collect::Totals& totals) {
  return std::ranges::any_of(binary.probes, [&](const attach::AttachedProbe& probe) {
    const std::uint32_t id = attach::counts_id(probe);
    return id != 0 && std::ranges::find(totals.merged, id) != totals.merged.end();
  });
}

call_end end_of_calls(const plan::PlannedProbe& earlier, const plan::ProbePlan& later) {
  const auto measures_returns = [](const plan::PlannedProbe& probe) {
    return std::ranges::any_of(probe.records, &plan::PlannedRecord::at_return);
  };
  if (!measures_returns(earlier)) {
    return CALL_LEFT;
  }
  // One with a condition at entry takes a return without an entry for a call that it does not want.
  const bool is_seen = std::ranges::any_of(later.probes, [&](const plan::PlannedProbe& probe) {
    return probe.name == earlier.name && measures_returns(probe) && !probe.enter.when;
  });
  return is_seen ? CALL_LEFT : CALL_LOST;
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

base::Result<> end_calls(const attach::AttachedBinary& binary,
                         const std::map<std::uint16_t, call_end>& probes, const attach::SharedMaps& maps) {
  ASSIGN_OR_RETURN(const attach::CallRecords records, attach::CallRecords::open(binary, maps));
  // A goroutine that goes on meanwhile may move its calls.
  for (bool is_complete = false; !is_complete;) {
    is_complete = true;
    ASSIGN_OR_RETURN(const std::vector<collect::RawFrame> frames, collect::read_frames(binary));
    for (const collect::RawFrame& frame : frames) {
      const auto probe = probes.find(frame.probe);
      if (probe == probes.end()) {
        continue;
      }
      ended_call call = collect::ended_call_of(frame);
      call.end = static_cast<__u16>(probe->second);
      is_complete = records.end(call) && is_complete;
    }
  }
  return {};
}

}  // namespace units
