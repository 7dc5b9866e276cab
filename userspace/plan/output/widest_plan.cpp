#include "plan/output/widest_plan.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <variant>
#include <vector>

#include "abi/limits.h"
#include "config/label_parts.hpp"
#include "plan/compile/probe_expressions.hpp"

namespace plan {
namespace {

using config::Expression;

constexpr std::size_t kWord = 8;
constexpr std::size_t kPresence = 1;
constexpr std::size_t kTextLength = 2;

// What is kept from the entry for the return: the words of a parameter, of which there are four at most, or a
// value and whether there is one (ExpressionCompiler::root_captured(), captured()).
std::size_t kept_bytes(const Expression& expression) {
  constexpr std::size_t kMostWords = 4;
  std::size_t bytes = expression.kind == Expression::Kind::kIdentifier ? kMostWords * kWord : 0;
  for (const Expression& operand : expression.operands) {
    bytes += kept_bytes(operand);
  }
  return bytes;
}

std::size_t value_bytes(std::size_t text_length) {
  return kPresence + std::max(kTextLength + text_length, kWord);
}

std::size_t label_bytes(const config::Label& label) {
  // Alternatives share the place of the longest.
  if (const auto values = config::values_of(label); !values.empty()) {
    return value_bytes(values.front()->max_length);
  }
  return std::holds_alternative<config::CasesLabel>(label.source) ? 1 : 0;
}

// As ProbeCompiler::take_slots().
std::size_t slots_of(const config::ProbeConfig& config, const config::Record& record) {
  const auto metric = std::ranges::find(config.metrics, record.metric, &config::Metric::name);
  switch (record.kind) {
    case config::RecordKind::kCount:
      return 1;
    case config::RecordKind::kSet:
      return 2;
    case config::RecordKind::kDuration:
    case config::RecordKind::kObserve:
      return metric == config.metrics.end() ? 0 : metric->buckets.size() + 2;
    default:
      return 0;
  }
}

void set_sizes(PlannedProbe& probe, std::size_t labels, std::size_t kept) {
  const std::size_t most = ABI_VALUES;
  probe.labels_size = static_cast<std::uint16_t>(std::min(labels, most));
  probe.values_size = static_cast<std::uint16_t>(std::min((labels + kWord - 1) / kWord * kWord + kept, most));
}

PlannedProbe widest(const config::ProbeConfig& config, const config::Probe& probe) {
  PlannedProbe planned;
  planned.name = probe.name;
  planned.services = probe.services;
  std::size_t labels = 0;
  std::size_t kept = 0;
  std::size_t slots = 0;
  for (const config::Label& label : probe.labels) {
    labels += label_bytes(label);
  }
  for (const config::LocatedExpression* located : expressions_of(probe)) {
    kept += kept_bytes(located->expression);
  }
  for (const config::Record& record : probe.records) {
    kept += record.kind == config::RecordKind::kPoll ? kWord : 0;  // the object
    slots += slots_of(config, record);
    PlannedRecord& fed = planned.records.emplace_back();
    fed.metric = record.metric;
    fed.kind = record.kind;
  }
  planned.slots = static_cast<std::uint16_t>(slots);
  set_sizes(planned, labels, kept);
  return planned;
}

struct Reads {
  std::size_t bytes = 0;
  std::size_t kept = 0;
};

// By the functions that they are read in: all reads in one function are one program (WithinHelpers).
std::map<std::vector<std::string>, Reads> reads_within(const std::vector<const config::Probe*>& probes) {
  std::map<std::vector<std::string>, Reads> all;
  for (const config::Probe* probe : probes) {
    for (const config::Label& label : probe->labels) {
      for (const config::ValueLabel* const value : config::values_of(label)) {
        if (value->within) {
          Reads& reads = all[value->within->functions];
          reads.bytes += label_bytes(label);
          reads.kept += kept_bytes(value->value.expression);
        }
      }
    }
  }
  return all;
}

void append_identities(const config::ProbeConfig& config, const std::string& name, ProbePlan& plan) {
  const auto service = std::ranges::find(config.services, name, &config::Service::name);
  if (service == config.services.end()) {
    return;
  }
  for (std::size_t i = 0; i < service->identity.size(); ++i) {
    set_sizes(plan.probes.emplace_back(), value_bytes(ABI_STRING / 2), 0);
  }
}

}  // namespace

ProbePlan widest_plan(const config::ProbeConfig& config, const std::string& service) {
  ProbePlan plan;
  std::vector<const config::Probe*> probes;
  for (const config::Probe& probe : config.probes) {
    if (std::ranges::find(probe.services, service) != probe.services.end()) {
      probes.push_back(&probe);
      plan.probes.push_back(widest(config, probe));
    }
  }
  for (const auto& [functions, reads] : reads_within(probes)) {
    set_sizes(plan.probes.emplace_back(), reads.bytes, reads.kept);
  }
  append_identities(config, service, plan);
  return plan;
}

}  // namespace plan
