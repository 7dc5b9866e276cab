#include "collect/totals.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "abi/maps.h"

namespace collect {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sample, metric, labels, service, process, number, buckets, process_labels)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Loss, probe, reason, count)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MetricShape, kind, labels, unit, buckets)
// With defaults: earlier exporters did not write all of it.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Totals, samples, losses, hits, began, merged, shapes)

namespace {

bool is_overflow(const Sample& sample) {
  return !sample.labels.empty() &&
         std::ranges::all_of(sample.labels, [](const std::string& label) { return label == kOverflowLabel; });
}

void add(Sample& to, const Sample& sample) {
  to.number += sample.number;
  if (to.buckets.size() == sample.buckets.size()) {
    std::ranges::transform(to.buckets, sample.buckets, to.buckets.begin(), std::plus<>());
  }
}

// Samples by what tells them apart; refers to a list that only grows while this lives.
class SampleIndex {
 public:
  explicit SampleIndex(std::vector<Sample>& samples) : samples_(&samples) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      take_in(i);
    }
  }

  void add_up(Sample sample, const std::map<std::string, std::size_t>& limits) {
    const auto limit = limits.find(sample.metric);
    if (limit != limits.end() && series_[sample.metric] >= limit->second && !is_overflow(sample) &&
        !sample.labels.empty() && !indexes_.contains(owned_key(sample))) {
      sample.labels.assign(sample.labels.size(), kOverflowLabel);
      sample.process_labels.clear();
      sample.process = FOLDED_PROCESS;
    }
    if (const auto known = indexes_.find(owned_key(sample)); known != indexes_.end()) {
      add((*samples_)[known->second], sample);
      return;
    }
    samples_->push_back(std::move(sample));
    take_in(samples_->size() - 1);
  }

 private:
  using OwnedKey = std::tuple<std::string, std::vector<std::string>, std::string, std::uint32_t>;

  static OwnedKey owned_key(const Sample& sample) {
    return {sample.metric, sample.labels, sample.service, sample.process};
  }

  void take_in(std::size_t index) {
    const Sample& sample = (*samples_)[index];
    indexes_.emplace(owned_key(sample), index);
    series_[sample.metric] += is_overflow(sample) ? 0U : 1U;
  }

  std::vector<Sample>* samples_;
  std::map<OwnedKey, std::size_t> indexes_;
  std::map<std::string, std::size_t> series_;  // of each metric
};

// From the shape that a metric's counts have to the one that it has now.
Sample adapted(Sample sample, const MetricShape& from, const MetricShape& to) {
  std::vector<std::string> labels;
  std::vector<std::uint16_t> process_labels;
  for (const std::string& name : to.labels) {
    const auto index = static_cast<std::size_t>(std::ranges::find(from.labels, name) - from.labels.begin());
    if (index >= sample.labels.size()) {
      labels.push_back(name == "service" ? sample.service : "");
      continue;
    }
    if (std::ranges::find(sample.process_labels, index) != sample.process_labels.end()) {
      process_labels.push_back(static_cast<std::uint16_t>(labels.size()));
    }
    labels.push_back(sample.labels[index]);
  }
  sample.labels =
      is_overflow(sample) ? std::vector<std::string>(to.labels.size(), kOverflowLabel) : std::move(labels);
  sample.process_labels = std::move(process_labels);
  if (sample.process_labels.empty()) {
    sample.process = FOLDED_PROCESS;
  }
  if (from.buckets != to.buckets) {
    sample.buckets = rebucket(sample.buckets, from.buckets, to.buckets);
  }
  return sample;
}

bool can_adapt(const MetricShape& from, const MetricShape& to) {
  return from.kind == to.kind && from.unit == to.unit && can_rebucket(from.buckets, to.buckets);
}

// The text of the labels that are its process's own; none while one of them is not learned.
std::optional<Sample> with_process_labels(const Sample& sample, const MetricShape& shape,
                                          const ProcessTable& processes) {
  Sample shown = sample;
  shown.process_labels.clear();
  const auto process = processes.find(sample.process);
  for (const std::uint16_t index : sample.process_labels) {
    if (process == processes.end() || index >= shape.labels.size()) {
      continue;
    }
    const auto& learned = process->second.labels;
    const auto label = learned.find(process_label_id(sample.service, shape.labels[index]));
    if (label != learned.end()) {
      shown.labels[index] = label->second;
    } else if (!process->second.exited) {
      return std::nullopt;
    }
  }
  return shown;
}

}  // namespace

void add_samples(Totals& totals, std::span<const Sample> samples,
                 const std::map<std::string, std::size_t>& limits) {
  SampleIndex index(totals.samples);
  for (const Sample& sample : samples) {
    index.add_up(sample, limits);
  }
}

void add_losses(Totals& totals, std::span<const Loss> losses) {
  for (const Loss& loss : losses) {
    if (loss.count == 0) {
      continue;
    }
    const auto known = std::ranges::find_if(totals.losses, [&](const Loss& candidate) {
      return candidate.probe == loss.probe && candidate.reason == loss.reason;
    });
    if (known == totals.losses.end()) {
      totals.losses.push_back(loss);
    } else {
      known->count += loss.count;
    }
  }
}

void forget_process(Totals& totals, std::uint32_t process) {
  std::erase_if(totals.samples, [process](const Sample& sample) { return sample.process == process; });
}

std::vector<std::string> adapt(Totals& totals, const std::vector<config::Metric>& metrics) {
  std::vector<std::string> restarted;
  std::map<std::string, std::pair<MetricShape, MetricShape>> changes;  // from, to
  for (const config::Metric& metric : metrics) {
    MetricShape to = shape_of(metric);
    const auto [known, is_new] = totals.shapes.try_emplace(metric.name, to);
    if (is_new || known->second == to) {
      continue;
    }
    MetricShape from = std::exchange(known->second, to);
    if (can_adapt(from, to)) {
      changes.emplace(metric.name, std::pair(std::move(from), std::move(to)));
    } else {
      restarted.push_back(metric.name);
      for (auto& [service, began] : totals.began) {
        began.erase(metric.name);
      }
    }
  }
  std::vector<Sample> samples;
  SampleIndex index(samples);
  for (Sample& sample : totals.samples) {
    if (std::ranges::find(restarted, sample.metric) != restarted.end()) {
      continue;
    }
    const auto change = changes.find(sample.metric);
    index.add_up(change == changes.end()
                     ? std::move(sample)
                     : adapted(std::move(sample), change->second.first, change->second.second),
                 {});
  }
  totals.samples = std::move(samples);
  return restarted;
}

std::vector<Sample> shown_totals(const Totals& totals, const std::vector<config::Metric>& metrics,
                                 const ProcessTable& processes) {
  std::vector<Sample> shown;
  for (const Sample& sample : totals.samples) {
    const auto shape = totals.shapes.find(sample.metric);
    if (shape == totals.shapes.end() ||
        std::ranges::find(metrics, sample.metric, &config::Metric::name) == metrics.end()) {
      continue;
    }
    if (auto told = with_process_labels(sample, shape->second, processes)) {
      shown.push_back(*std::move(told));
    }
  }
  return shown;
}

std::string encode_totals(const Totals& totals) {
  std::string bytes;
  nlohmann::json::to_cbor(totals, bytes);
  return bytes;
}

base::Result<Totals> decode_totals(std::string_view bytes) {
  try {
    return nlohmann::json::from_cbor(bytes).get<Totals>();
  } catch (const nlohmann::json::exception& error) {
    return base::fail(base::ErrorCode::kUnsupported, "not totals of this version: {}", error.what());
  }
}

}  // namespace collect
