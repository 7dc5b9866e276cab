#include "collect/label_values.hpp"

#include <algorithm>

#include "abi/maps.h"
#include "collect/decode_labels.hpp"

namespace collect {
namespace {

constexpr const char* kService = "service";

bool had_label(const plan::PlannedRecord& record, const std::string& label) {
  return std::ranges::find(record.labels, label) != record.labels.end();
}

// What is known without the process; none where the label is its own.
std::optional<std::string> value_of(const LabelSource& source, const std::string& label,
                                    const SeriesOrigin& origin, const std::string& service) {
  const auto& fields = source.probe->labels;
  if (!had_label(*source.record, label)) {
    return label == kService ? service : "";
  }
  const auto field = std::ranges::find(fields, label, &plan::LabelField::name);
  if (field != fields.end()) {
    return decode_label(*field, origin.values, origin.function, *source.plan);
  }
  return label == kService ? std::optional(service) : std::nullopt;
}

}  // namespace

bool is_process_label(const plan::PlannedProbe& probe, const std::string& label) {
  return label != kService &&
         std::ranges::find(probe.labels, label, &plan::LabelField::name) == probe.labels.end();
}

bool has_process_labels(const plan::PlannedProbe& probe) {
  return std::ranges::any_of(probe.records, [&](const plan::PlannedRecord& record) {
    return std::ranges::any_of(record.labels,
                               [&](const std::string& label) { return is_process_label(probe, label); });
  });
}

std::optional<std::string> service_of(const KnownProcess& process, const plan::PlannedProbe& probe) {
  for (const std::string& service : probe.services) {
    if (std::ranges::find(process.services, service) != process.services.end()) {
      return service;
    }
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> label_values(const LabelSource& source, const SeriesOrigin& origin,
                                                     const std::string& service, const Identities& identities,
                                                     bool exited) {
  std::vector<std::string> labels;
  labels.reserve(source.metric->labels.size());
  for (const std::string& name : source.metric->labels) {
    if (auto value = value_of(source, name, origin, service)) {
      labels.push_back(*std::move(value));
    } else if (auto learned = identities.find(origin.process, process_label_id(service, name))) {
      labels.push_back(*std::move(learned));
    } else if (exited && origin.process != FOLDED_PROCESS) {
      labels.emplace_back();
    } else {
      return std::nullopt;
    }
  }
  return labels;
}

LastingLabels lasting_labels(const LabelSource& source, const SeriesOrigin& origin,
                             const std::string& service) {
  LastingLabels labels;
  for (const std::string& name : source.metric->labels) {
    auto value = value_of(source, name, origin, service);
    if (!value) {
      labels.process_labels.push_back(static_cast<std::uint16_t>(labels.values.size()));
    }
    labels.values.push_back(std::move(value).value_or(""));
  }
  return labels;
}

}  // namespace collect
