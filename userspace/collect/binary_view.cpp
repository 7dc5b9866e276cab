#include "collect/binary_view.hpp"

#include <algorithm>

#include "abi/maps.h"

namespace collect {

const config::Metric* BinaryView::metric(const plan::PlannedRecord& record) const {
  const auto found = std::ranges::find(config->metrics, record.metric, &config::Metric::name);
  return found == config->metrics.end() || found->buckets.size() != record.bounds.size() ? nullptr : &*found;
}

const KnownProcess* BinaryView::process(std::uint32_t number) const {
  if (number == FOLDED_PROCESS) {
    return folded;
  }
  const auto found = processes->find(number);
  return found == processes->end() ? nullptr : &found->second;
}

std::optional<Sample> BinaryView::sample_for(const plan::PlannedProbe& probe,
                                             const plan::PlannedRecord& record,
                                             const SeriesOrigin& origin) const {
  const config::Metric* of = metric(record);
  const KnownProcess* known = process(origin.process);
  if (of == nullptr || known == nullptr) {
    return std::nullopt;
  }
  auto service = service_of(*known, probe);
  if (!service) {
    return std::nullopt;
  }
  auto labels = label_values(*of, probe, binary->plan, origin, *service, *identities, known->exited);
  if (!labels) {
    return std::nullopt;
  }
  Sample sample;
  sample.metric = record.metric;
  sample.labels = std::move(*labels);
  sample.service = std::move(*service);
  sample.process = origin.process;
  return sample;
}

}  // namespace collect
