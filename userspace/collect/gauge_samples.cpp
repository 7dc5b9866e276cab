#include "collect/gauge_samples.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

#include "collect/known_series.hpp"
#include "collect/poll_object.hpp"

namespace collect {
namespace {

using config::RecordKind;

// Gauges of one binary that are shown at 0 because they were there once, at most.
constexpr std::size_t kMostRemembered = 100'000;

std::uint64_t word_at(const std::vector<std::byte>& values, std::size_t offset) {
  std::uint64_t word = 0;
  if (offset + sizeof(word) <= values.size()) {
    std::memcpy(&word, values.data() + offset, sizeof(word));
  }
  return word;
}

bool is_alive(const BinaryView& view, std::uint32_t process) {
  const KnownProcess* known = view.process(process);
  return known != nullptr && !known->exited;
}

// A gauge of which all series are known is there, at 0, before the first call.
void add_idle_processes(const BinaryView& view, const plan::PlannedProbe& probe,
                        const plan::PlannedRecord& record, GaugeCounts& counts) {
  for (const Sample& sample : known_samples(view, probe, record)) {
    counts.add(sample, 0);
  }
}

void count_in_flight(const BinaryView& view, std::size_t index, const plan::PlannedRecord& record,
                     const std::vector<RawFrame>& frames, GaugeCounts& counts) {
  const plan::PlannedProbe& probe = view.binary->plan.probes[index];
  add_idle_processes(view, probe, record, counts);
  for (const RawFrame& frame : frames) {
    if (frame.probe != view.binary->probes[index].number || !is_alive(view, frame.process)) {
      continue;
    }
    const SeriesOrigin origin{.process = frame.process, .function = frame.function, .values = frame.values};
    if (const auto sample = view.sample_for(probe, record, origin)) {
      counts.add(*sample, 1);
    }
  }
}

void count_pairs(const BinaryView& view, const plan::PlannedProbe& probe, const plan::PlannedRecord& record,
                 const std::vector<RawObject>& objects, GaugeCounts& counts) {
  add_idle_processes(view, probe, record, counts);
  for (const RawObject& object : objects) {
    if (object.object != record.object || !is_alive(view, object.process)) {
      continue;
    }
    const SeriesOrigin origin{.process = object.process, .function = 0, .values = object.values};
    if (const auto sample = view.sample_for(probe, record, origin)) {
      counts.add(*sample, 1);
    }
  }
}

// (process, object) -> calls of the probe that run with this object.
std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> calls_by_object(
    const attach::AttachedProbe& probe, const plan::PlannedRecord& record,
    const std::vector<RawFrame>& frames) {
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint64_t> calls;
  for (const RawFrame& frame : frames) {
    if (frame.probe == probe.number) {
      ++calls[{frame.process, word_at(frame.values, record.object_value)}];
    }
  }
  return calls;
}

std::uint64_t load_bias_of(const plan::ProbePlan& plan, const ProcessMemory& memory) {
  return plan.position_independent ? memory.load_bias(inspect::value_of(plan.first_address)) : 0;
}

void poll_objects(const BinaryView& view, std::size_t index, const plan::PlannedRecord& record,
                  const LiveState& live, GaugeCounts& counts) {
  const plan::ProbePlan& plan = view.binary->plan;
  const auto calls = calls_by_object(view.binary->probes[index], record, live.frames);
  std::map<std::uint32_t, std::uint64_t> biases;  // reading one means to read the process's list of mappings
  for (const RawObject& object : live.objects) {
    const KnownProcess* process = view.process(object.process);
    if (object.object != record.object || process == nullptr || process->exited) {
      continue;
    }
    const ProcessMemory of_process(process->pid);
    auto bias = biases.find(object.process);
    if (bias == biases.end()) {
      bias = biases.emplace(object.process, load_bias_of(plan, of_process)).first;
    }
    const auto running = calls.find({object.process, object.address});
    const auto value =
        poll_object(record.poll, of_process, object,
                    {.load_bias = bias->second, .in_flight = running == calls.end() ? 0 : running->second});
    const SeriesOrigin origin{.process = object.process, .function = 0, .values = object.values};
    const auto sample = view.sample_for(plan.probes[index], record, origin);
    if (value && sample) {
      counts.add(*sample, static_cast<double>(*value) * record.scale);
    }
  }
}

}  // namespace

void GaugeCounts::add(const Sample& sample, double count) {
  gauges_[{sample.metric, sample.process, sample.labels, sample.service}] += count;
}

std::vector<Sample> GaugeMemory::complete(const GaugeCounts& counts, const std::set<std::string>& metrics,
                                          const ProcessTable& processes) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, count] : counts.all()) {
    seen_.insert(key);
  }
  std::erase_if(seen_, [&](const GaugeKey& key) {
    const auto known = processes.find(key.process);
    return !metrics.contains(key.metric) || known == processes.end() || known->second.exited;
  });
  if (seen_.size() > kMostRemembered) {
    std::erase_if(seen_, [&](const GaugeKey& key) { return !counts.all().contains(key); });
  }
  std::vector<Sample> samples;
  samples.reserve(seen_.size());
  for (const GaugeKey& key : seen_) {
    const auto counted = counts.all().find(key);
    samples.push_back({.metric = key.metric,
                       .labels = key.labels,
                       .service = key.service,
                       .process = key.process,
                       .number = counted == counts.all().end() ? 0 : counted->second,
                       .buckets = {}});
  }
  return samples;
}

std::set<std::string> gauges_of(const plan::PlannedProbe& probe) {
  std::set<std::string> metrics;
  for (const plan::PlannedRecord& record : probe.records) {
    switch (record.kind) {
      case RecordKind::kInFlight:
      case RecordKind::kPairUp:
      case RecordKind::kPairDown:
      case RecordKind::kSet:
      case RecordKind::kPoll:
        metrics.insert(record.metric);
        break;
      case RecordKind::kCount:
      case RecordKind::kDuration:
      case RecordKind::kObserve:
        break;
    }
  }
  return metrics;
}

void count_gauges(const BinaryView& view, std::size_t probe, const LiveState& live, GaugeCounts& counts) {
  const plan::PlannedProbe& planned = view.binary->plan.probes[probe];
  for (const plan::PlannedRecord& record : planned.records) {
    switch (record.kind) {
      case RecordKind::kInFlight:
        count_in_flight(view, probe, record, live.frames, counts);
        break;
      case RecordKind::kPairUp:
        count_pairs(view, planned, record, live.objects, counts);
        break;
      case RecordKind::kPoll:
        poll_objects(view, probe, record, live, counts);
        break;
      default:
        break;
    }
  }
}

}  // namespace collect
