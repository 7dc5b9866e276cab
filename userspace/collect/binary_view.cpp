#include "collect/binary_view.hpp"

#include <algorithm>

#include "abi/maps.h"
#include "collect/metric_shape.hpp"

namespace collect {

const config::Metric* BinaryView::metric(const plan::PlannedRecord& record) const {
  const auto found = std::ranges::find(config->metrics, record.metric, &config::Metric::name);
  const bool fits = found != config->metrics.end() && counts_for(record.kind, found->kind) &&
                    found->unit == record.unit && can_rebucket(record.buckets, found->buckets);
  return fits ? &*found : nullptr;
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
  const LabelSource source{.metric = of, .record = &record, .probe = &probe, .plan = &binary->plan};
  Sample sample;
  if (for_totals) {
    LastingLabels labels = lasting_labels(source, origin, *service);
    sample.labels = std::move(labels.values);
    sample.process_labels = std::move(labels.process_labels);
  } else {
    auto labels = label_values(source, origin, *service, *identities, known->exited);
    if (!labels) {
      return std::nullopt;
    }
    sample.labels = *std::move(labels);
  }
  sample.metric = record.metric;
  sample.service = std::move(*service);
  sample.process = origin.process;
  return sample;
}

}  // namespace collect
