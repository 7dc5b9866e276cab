#include "collect/series_samples.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

#include "collect/metric_shape.hpp"
#include "collect/unwound_series.hpp"

namespace collect {
namespace {

using base::Result;
using config::RecordKind;

bool is_series_record(RecordKind kind) {
  return kind == RecordKind::kCount || kind == RecordKind::kDuration || kind == RecordKind::kObserve ||
         kind == RecordKind::kSet;
}

// A value that was set, and when.
struct LastSet {
  std::uint64_t time = 0;  // 0: never
  std::int64_t value = 0;
};

// The value that was set last, on whichever CPU: slot + 1 holds the time.
LastSet newest(const RawSeries& series, const plan::PlannedRecord& record) {
  LastSet last;
  for (std::size_t part = 0; part < series.parts.size(); part += series.slots.size()) {
    if (series.parts[part + record.slot + 1] > last.time) {
      last = {.time = series.parts[part + record.slot + 1],
              .value = static_cast<std::int64_t>(series.parts[part + record.slot])};
    }
  }
  return last;
}

// The gauges that a probe sets. Its series are told apart by all labels of the probe; a gauge may have fewer,
// and then the newest of its series is its value.
class SetGauges {
 public:
  void add(Sample sample, const LastSet& last, double scale) {
    Gauge& gauge = gauges_[{sample.metric, sample.labels, sample.process}];
    if (last.time > gauge.last.time) {
      sample.number = static_cast<double>(last.value) * scale;
      gauge = {.last = last, .sample = std::move(sample)};
    }
  }

  void append_to(std::vector<Sample>& samples) {
    for (auto& [key, gauge] : gauges_) {
      if (gauge.last.time != 0) {
        samples.push_back(std::move(gauge.sample));
      }
    }
  }

 private:
  struct Gauge {
    LastSet last;
    Sample sample;
  };

  std::map<std::tuple<std::string, std::vector<std::string>, std::uint32_t>, Gauge> gauges_;
};

// Fills in the value; false where this record was never fired for this series.
bool set_value(Sample& sample, const RawSeries& series, const plan::PlannedRecord& record,
               const config::Metric& metric) {
  const auto slots = std::span(series.slots).subspan(record.slot);
  sample.number = static_cast<double>(static_cast<std::int64_t>(slots[0])) * record.scale;
  if (record.kind == RecordKind::kCount) {
    return slots[0] != 0;
  }
  const auto buckets = slots.subspan(1, record.bounds.size() + 1);
  if (record.buckets == metric.buckets) {
    sample.buckets.assign(buckets.begin(), buckets.end());
  } else {
    sample.buckets = rebucket(buckets, record.buckets, metric.buckets);
  }
  return std::ranges::any_of(buckets, [](std::uint64_t count) { return count != 0; });
}

Sample overflow_sample(const BinaryView& view, const plan::PlannedProbe& probe,
                       const plan::PlannedRecord& record) {
  Sample sample;
  sample.metric = record.metric;
  sample.labels.assign(view.metric(record)->labels.size(), kOverflowLabel);
  sample.service = probe.services.empty() ? "" : probe.services.front();
  return sample;
}

void append_samples(const BinaryView& view, const plan::PlannedProbe& probe, const RawSeries& series,
                    std::vector<Sample>& samples, SetGauges& gauges) {
  for (const plan::PlannedRecord& record : probe.records) {
    if (!is_series_record(record.kind) || view.metric(record) == nullptr) {
      continue;
    }
    std::optional<Sample> sample =
        series.overflow
            ? overflow_sample(view, probe, record)
            : view.sample_for(
                  probe, record,
                  {.process = series.process, .function = series.function, .values = series.values});
    if (!sample) {
      continue;
    }
    if (record.kind == RecordKind::kSet) {
      const KnownProcess* process = view.process(series.process);
      if (process != nullptr && !process->exited) {
        gauges.add(std::move(*sample), newest(series, record), record.scale);
      }
    } else if (set_value(*sample, series, record, *view.metric(record))) {
      samples.push_back(std::move(*sample));
    }
  }
}

}  // namespace

base::Result<std::vector<Sample>> series_samples(const BinaryView& view, std::size_t probe,
                                                 const std::vector<RawUnwound>& unwound) {
  const plan::PlannedProbe& planned = view.binary->plan.probes[probe];
  const attach::AttachedProbe& attached = view.binary->probes[probe];
  std::vector<Sample> samples;
  SetGauges gauges;
  ASSIGN_OR_RETURN(const std::vector<RawSeries> found, read_series(attached, planned));
  for (const RawSeries& series : found) {
    append_samples(view, planned, series, samples, gauges);
  }
  for (const RawUnwound& calls : unwound) {
    if (calls.probe == attached.number) {
      append_samples(view, planned, unwound_series(planned, calls), samples, gauges);
    }
  }
  gauges.append_to(samples);
  return samples;
}

}  // namespace collect
