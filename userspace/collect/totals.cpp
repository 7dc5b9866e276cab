#include "collect/totals.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

namespace collect {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sample, metric, labels, service, process, number, buckets)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Loss, probe, reason, count)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Totals, samples, losses, hits, merged)

namespace {

// With other buckets it is another histogram, although it has the same name.
bool is_same_series(const Sample& one, const Sample& other) {
  return one.metric == other.metric && one.labels == other.labels && one.service == other.service &&
         one.process == other.process && one.buckets.size() == other.buckets.size();
}

}  // namespace

void add_samples(Totals& totals, std::span<const Sample> samples) {
  for (const Sample& sample : samples) {
    const auto known = std::ranges::find_if(
        totals.samples, [&](const Sample& candidate) { return is_same_series(candidate, sample); });
    if (known == totals.samples.end()) {
      totals.samples.push_back(sample);
      continue;
    }
    known->number += sample.number;
    std::ranges::transform(known->buckets, sample.buckets, known->buckets.begin(), std::plus<>());
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
