#include "collect/collector.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "abi/maps.h"
#include "collect/identities.hpp"
#include "collect/known_series.hpp"
#include "collect/limit_gauges.hpp"
#include "collect/read_maps.hpp"
#include "collect/series_samples.hpp"

namespace collect {
namespace {

using base::Result;

constexpr std::array<const char*, LOSS_REASONS> kLossReasons{
    "series_full", "series_failed", "in_flight_full", "spilled_full", "read_failed",   "no_entry",
    "unwound",     "scratch_busy",  "processes_full", "objects_full", "unlikely_value"};

// A probe counts for one service of the binary; which one, the probe says.
std::vector<std::string> all_services(const config::ProbeConfig& config) {
  std::vector<std::string> names;
  std::ranges::transform(config.services, std::back_inserter(names), &config::Service::name);
  return names;
}

// One that was recorded meanwhile counts once.
void add_unrecorded(std::vector<RawFrame>& frames, std::span<const RawFrame> unrecorded) {
  if (unrecorded.empty()) {
    return;
  }
  const auto place_of = [](const RawFrame& frame) {
    return std::tuple(frame.process, frame.goroutine, frame.depth, frame.probe);
  };
  std::set<std::tuple<std::uint32_t, std::uint64_t, std::uint32_t, std::uint16_t>> recorded;
  std::ranges::transform(frames, std::inserter(recorded, recorded.end()), place_of);
  std::ranges::copy_if(unrecorded, std::back_inserter(frames),
                       [&](const RawFrame& frame) { return !recorded.contains(place_of(frame)); });
}

std::set<std::string> known_gauges(const attach::CountedBinary& binary,
                                   const std::set<std::string>& unknown) {
  std::set<std::string> known;
  for (const plan::PlannedProbe& probe : binary.plan.probes) {
    known.merge(gauges_of(probe));
  }
  std::erase_if(known, [&unknown](const std::string& metric) { return unknown.contains(metric); });
  return known;
}

// Whether it is known of each process that was counted whose it is.
base::Result<bool> are_classified(const attach::CountedBinary& binary, const ProcessTable& processes) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    ASSIGN_OR_RETURN(const std::vector<RawSeries> found,
                     read_series(binary.probes[i], binary.plan.probes[i]));
    const bool all = std::ranges::all_of(found, [&](const RawSeries& series) {
      return series.overflow || series.process == FOLDED_PROCESS || processes.contains(series.process);
    });
    if (!all) {
      return false;
    }
  }
  return true;
}

}  // namespace

base::Result<std::vector<Sample>> collect(const config::ProbeConfig& config,
                                          const attach::CountedBinary& binary, const ProcessTable& processes,
                                          GaugeMemory& gauges, std::span<const RawFrame> unrecorded,
                                          KnownSeries known_series) {
  LiveState live;
  ASSIGN_OR_RETURN(live.objects, read_objects(binary));
  ASSIGN_OR_RETURN(live.frames, read_frames(binary));
  add_unrecorded(live.frames, unrecorded);
  ASSIGN_OR_RETURN(const std::vector<RawUnwound> unwound, read_unwound(binary));
  Identities identities(processes);
  identities.add(binary, live.objects);
  const KnownProcess folded{.services = all_services(config), .exited = true};
  const BinaryView view{.config = &config,
                        .binary = &binary,
                        .processes = &processes,
                        .identities = &identities,
                        .folded = &folded};

  std::vector<Sample> samples;
  GaugeCounts counts;
  for (std::size_t probe = 0; probe < binary.plan.probes.size(); ++probe) {
    ASSIGN_OR_RETURN(std::vector<Sample> counted, series_samples(view, probe, unwound));
    std::ranges::move(counted, std::back_inserter(samples));
    if (known_series == KnownSeries::kAtZero) {
      std::ranges::move(initial_samples(view, probe), std::back_inserter(samples));
    }
    count_gauges(view, probe, live, counts);
  }
  // What a detached probe feeds is neither what it was nor 0; what none feeds any more is no gauge of this
  // binary.
  const std::set<std::string> unknown = unknown_gauges(binary);
  std::erase_if(samples, [&unknown](const Sample& sample) { return unknown.contains(sample.metric); });
  std::vector<Sample> complete = gauges.complete(counts, known_gauges(binary, unknown), processes);
  limit_gauges(complete, config.metrics);
  std::ranges::move(complete, std::back_inserter(samples));
  return samples;
}

base::Result<std::optional<std::vector<Sample>>> lasting_counts(const config::ProbeConfig& config,
                                                                const attach::CountedBinary& binary,
                                                                const ProcessTable& processes) {
  std::optional<std::vector<Sample>> samples;
  ASSIGN_OR_RETURN(const bool is_classified, are_classified(binary, processes));
  if (!is_classified) {
    return samples;
  }
  samples.emplace();
  ASSIGN_OR_RETURN(const std::vector<RawUnwound> unwound, read_unwound(binary));
  const KnownProcess folded{.services = all_services(config), .exited = true};
  const BinaryView view{
      .config = &config, .binary = &binary, .processes = &processes, .folded = &folded, .for_totals = true};
  for (std::size_t probe = 0; probe < binary.plan.probes.size(); ++probe) {
    ASSIGN_OR_RETURN(std::vector<Sample> counted, series_samples(view, probe, unwound));
    for (Sample& sample : counted) {
      if (!sample.process_labels.empty() && sample.process == FOLDED_PROCESS) {
        continue;  // retired: the labels of its processes are not known any more
      }
      if (sample.process_labels.empty()) {
        sample.process = FOLDED_PROCESS;
      }
      samples->push_back(std::move(sample));
    }
  }
  return samples;
}

std::set<std::string> unknown_gauges(const attach::CountedBinary& binary) {
  std::set<std::string> metrics;
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    if (binary.probes[i].presence != attach::Presence::kAttached) {
      metrics.merge(gauges_of(binary.plan.probes[i]));
    }
  }
  return metrics;
}

std::vector<Loss> name_losses(const attach::CountedBinary& binary, std::span<const std::uint64_t> losses) {
  std::vector<Loss> named;
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    for (std::size_t reason = 0; reason < LOSS_REASONS; ++reason) {
      named.push_back({.probe = binary.plan.probes[i].name,
                       .reason = kLossReasons.at(reason),
                       .count = losses[binary.probes[i].number * std::size_t{LOSS_REASONS} + reason]});
    }
  }
  return named;
}

void add_hits(std::map<std::string, std::uint64_t>& to, const attach::CountedBinary& binary,
              std::span<const std::uint64_t> hits) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    const std::size_t first = binary.probes[i].number * std::size_t{2};
    if (const std::uint64_t count = hits[first] + hits[first + 1]; count != 0) {
      to[binary.plan.probes[i].name] += count;
    }
  }
}

}  // namespace collect
