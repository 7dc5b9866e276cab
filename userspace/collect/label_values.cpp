#include "collect/label_values.hpp"

#include <algorithm>
#include <iterator>

#include "abi/maps.h"
#include "collect/decode_labels.hpp"

namespace collect {

std::vector<std::string> learnt_labels(const config::ProbeConfig& config, const plan::PlannedProbe& probe) {
  std::vector<std::string> learnt;
  for (const plan::PlannedRecord& record : probe.records) {
    const auto metric = std::ranges::find(config.metrics, record.metric, &config::Metric::name);
    if (metric == config.metrics.end()) {
      continue;
    }
    std::ranges::copy_if(metric->labels, std::back_inserter(learnt), [&](const std::string& label) {
      return label != "service" &&
             std::ranges::find(probe.labels, label, &plan::LabelField::name) == probe.labels.end();
    });
  }
  return learnt;
}

std::optional<std::string> service_of(const KnownProcess& process, const plan::PlannedProbe& probe) {
  for (const std::string& service : probe.services) {
    if (std::ranges::find(process.services, service) != process.services.end()) {
      return service;
    }
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> label_values(const config::Metric& metric,
                                                     const plan::PlannedProbe& probe,
                                                     const plan::ProbePlan& plan, const SeriesOrigin& origin,
                                                     const std::string& service, const Identities& identities,
                                                     bool exited) {
  std::vector<std::string> labels;
  labels.reserve(metric.labels.size());
  for (const std::string& name : metric.labels) {
    const auto field = std::ranges::find(probe.labels, name, &plan::LabelField::name);
    if (field != probe.labels.end()) {
      labels.push_back(decode_label(*field, origin.values, origin.function, plan));
    } else if (name == "service") {
      labels.push_back(service);
    } else if (auto learnt = identities.find(origin.process, name)) {
      labels.push_back(std::move(*learnt));
    } else if (exited && origin.process != FOLDED_PROCESS) {
      labels.emplace_back();
    } else {
      return std::nullopt;
    }
  }
  return labels;
}

}  // namespace collect
