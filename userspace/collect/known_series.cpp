#include "collect/known_series.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <utility>

#include "collect/label_values.hpp"
#include "collect/metric_shape.hpp"
#include "collect/transform_label.hpp"

namespace collect {
namespace {

using config::RecordKind;
using config::Transform;
using plan::LabelField;
using Texts = std::set<std::string>;

Texts with_transforms(std::span<const Transform> transforms, const Texts& texts) {
  Texts all;
  for (const std::string& text : texts) {
    all.insert(transform_label(transforms, text));
  }
  return all;
}

// A map that has an `else` gives nothing but its own texts, whatever comes in.
std::optional<Texts> texts_of_map(const LabelField& field) {
  const std::span<const Transform> transforms(field.transforms);
  const auto map = std::ranges::find_if(transforms, [](const Transform& transform) {
    return transform.kind == Transform::Kind::kMap && transform.otherwise;
  });
  if (map == transforms.end()) {
    return std::nullopt;
  }
  Texts texts{*map->otherwise};
  for (const auto& [from, to] : map->mapping) {
    texts.insert(to);
  }
  return with_transforms(transforms.subspan(static_cast<std::size_t>(map - transforms.begin()) + 1), texts);
}

Texts functions_of(const plan::PlannedProbe& probe, const plan::ProbePlan& plan) {
  Texts names;
  for (const auto* const sites : {&probe.entry_sites, &probe.return_sites}) {
    for (const plan::Site& site : *sites) {
      names.insert(plan.functions.at(site.function));
    }
  }
  return names;
}

// All texts that a label of the probe can have; nothing where it can have any.
std::optional<Texts> texts_of(const LabelField& field, const plan::PlannedProbe& probe,
                              const plan::ProbePlan& plan) {
  switch (field.kind) {
    case LabelField::Kind::kConstant:
    case LabelField::Kind::kCase:
      return with_transforms(field.transforms, Texts(field.cases.begin(), field.cases.end()));
    case LabelField::Kind::kBool:
      return with_transforms(field.transforms, {"false", "true"});
    case LabelField::Kind::kFunction:
      return with_transforms(field.transforms, functions_of(probe, plan));
    case LabelField::Kind::kString:
    case LabelField::Kind::kInteger:
    case LabelField::Kind::kType:
      return texts_of_map(field);
  }
  return std::nullopt;
}

std::optional<Texts> texts_of(const std::string& label, const plan::PlannedProbe& probe,
                              const plan::ProbePlan& plan, const KnownOrigin& origin,
                              const Identities& identities) {
  const auto field = std::ranges::find(probe.labels, label, &LabelField::name);
  if (field != probe.labels.end()) {
    return texts_of(*field, probe, plan);
  }
  if (label == "service") {
    return Texts{origin.service};
  }
  const std::optional<std::string> learned =
      identities.find(origin.process, process_label_id(origin.service, label));
  return learned ? std::optional(Texts{*learned}) : std::nullopt;
}

bool depends_on_process(const config::Metric& metric, const plan::PlannedProbe& probe) {
  return std::ranges::any_of(metric.labels,
                             [&probe](const std::string& label) { return is_process_label(probe, label); });
}

// Beyond max_series the kernel counts calls elsewhere: a series at 0 would be wrong.
bool have_room(const std::vector<Sample>& samples, const config::Metric& metric) {
  std::set<std::vector<std::string>> different;
  for (const Sample& sample : samples) {
    different.insert(sample.labels);
  }
  return different.size() <= metric.max_series;
}

}  // namespace

std::vector<std::vector<std::string>> known_series(const config::Metric& metric,
                                                   const plan::PlannedProbe& probe,
                                                   const plan::ProbePlan& plan, const KnownOrigin& origin,
                                                   const Identities& identities) {
  std::vector<std::vector<std::string>> all{{}};
  const std::size_t limit = std::min<std::size_t>(kMaxKnownSeries, metric.max_series);
  for (const std::string& label : metric.labels) {
    const std::optional<Texts> texts = texts_of(label, probe, plan, origin, identities);
    if (!texts || all.size() * texts->size() > limit) {
      return {};
    }
    std::vector<std::vector<std::string>> longer;
    for (const std::vector<std::string>& values : all) {
      for (const std::string& text : *texts) {
        longer.push_back(values);
        longer.back().push_back(text);
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<Sample> known_samples(const BinaryView& view, const plan::PlannedProbe& probe,
                                  const plan::PlannedRecord& record) {
  std::vector<Sample> samples;
  const config::Metric* const metric = view.metric(record);
  if (metric == nullptr || !metric->initialize) {
    return samples;
  }
  // A gauge is 0 in each process as long as it lives; counters only add up.
  const bool is_per_process = record.kind == RecordKind::kInFlight || depends_on_process(*metric, probe);
  std::set<std::string> done;
  for (const auto& [number, known] : *view.processes) {
    if (known.exited || !known.binary.is_same_file(view.binary->id)) {
      continue;
    }
    std::optional<std::string> service = service_of(known, probe);
    if (!service || (!is_per_process && !done.insert(*service).second)) {
      continue;
    }
    const KnownOrigin origin{.process = number, .service = *std::move(service)};
    for (std::vector<std::string>& labels :
         known_series(*metric, probe, view.binary->plan, origin, *view.identities)) {
      samples.push_back({.metric = record.metric,
                         .labels = std::move(labels),
                         .service = origin.service,
                         .process = origin.process,
                         .number = 0,
                         .buckets = {}});
    }
  }
  return samples;
}

std::vector<Sample> initial_samples(const BinaryView& view, std::size_t probe) {
  const plan::PlannedProbe& planned = view.binary->plan.probes[probe];
  std::vector<Sample> all;
  if (!view.binary->probes[probe].error.empty()) {
    return all;
  }
  for (const plan::PlannedRecord& record : planned.records) {
    const bool is_histogram = counts_for(record.kind, config::MetricKind::kHistogram);
    if (!is_histogram && !counts_for(record.kind, config::MetricKind::kCounter)) {
      continue;
    }
    std::vector<Sample> samples = known_samples(view, planned, record);
    if (samples.empty() || !have_room(samples, *view.metric(record))) {
      continue;
    }
    for (Sample& sample : samples) {
      sample.buckets.resize(is_histogram ? record.bounds.size() + 1 : 0);
      all.push_back(std::move(sample));
    }
  }
  return all;
}

}  // namespace collect
