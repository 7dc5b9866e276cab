// Configs of one probe, and calls of a planned probe: its operations run on made-up registers and memory.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "collect/evaluate.hpp"
#include "config/parse_expression.hpp"
#include "config/probe_config.hpp"
#include "plan/make_plan.hpp"
#include "support/facts_builder.hpp"
#include "support/fake_memory.hpp"

namespace support {

inline config::LocatedExpression expression(const std::string& text) {
  auto parsed = config::parse_expression(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return {parsed ? *parsed : config::Expression{}, text, {}};
}

// A probe of service "svc" that counts into "calls".
class ProbeBuilder {
 public:
  explicit ProbeBuilder(const std::string& function) {
    config_.services.push_back({.name = "svc", .match = {}, .identity = {}, .position = {}});
    config_.probes.emplace_back();
    probe().name = "probe";
    probe().services = {"svc"};
    probe().functions = {function};
  }

  config::Probe& probe() { return config_.probes.front(); }

  ProbeBuilder& signature(const std::string& text) {
    auto parsed = config::parse_signature(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    probe().signature = *parsed;
    return *this;
  }

  ProbeBuilder& label(const std::string& name, const std::string& value) {
    return label(name, config::ValueLabel{
                           .within = {}, .value = expression(value), .transforms = {}, .max_length = 64});
  }

  ProbeBuilder& cases(const std::string& name, std::vector<std::pair<std::string, std::string>> cases,
                      const std::string& otherwise) {
    config::CasesLabel label_cases;
    for (const auto& [text, condition] : cases) {
      label_cases.cases.push_back({text, expression(condition)});
    }
    label_cases.otherwise = otherwise;
    return label(name, std::move(label_cases));
  }

  ProbeBuilder& within(const std::string& name, const std::string& function, const std::string& read) {
    return label(name, config::ValueLabel{.within = config::Within{{function}, {}},
                                          .value = expression(read),
                                          .transforms = {},
                                          .max_length = 64});
  }

  ProbeBuilder& label(const std::string& name, decltype(config::Label::source) source) {
    probe().labels.push_back({name, std::move(source), {}});
    for (config::Metric& metric : config_.metrics) {
      metric.labels.push_back(name);
    }
    label_names_.push_back(name);
    return *this;
  }

  ProbeBuilder& when(const std::string& condition) {
    probe().when = expression(condition);
    return *this;
  }

  ProbeBuilder& record(const std::string& metric, config::RecordKind kind, const std::string& value = "",
                       const std::string& condition = "") {
    config::Record record;
    record.metric = metric;
    record.kind = kind;
    if (!value.empty()) {
      record.value = expression(value);
    }
    if (!condition.empty()) {
      record.when = expression(condition);
    }
    probe().records.push_back(std::move(record));
    config::Metric made;
    made.name = metric;
    made.labels = label_names_;
    if (kind == config::RecordKind::kDuration || kind == config::RecordKind::kObserve) {
      made.kind = config::MetricKind::kHistogram;
      made.unit = "ms";
      made.buckets = {0.1, 2.5, 10};
    }
    config_.metrics.push_back(std::move(made));
    return *this;
  }

  config::ProbeConfig& config() {
    if (probe().records.empty()) {
      record("calls", config::RecordKind::kCount);
    }
    return config_;
  }

 private:
  config::ProbeConfig config_;
  std::vector<std::string> label_names_;
};

inline plan::ProbePlan plan_of(ProbeBuilder& builder, const FactsBuilder& facts) {
  const std::array<std::string, 1> services = {"svc"};
  return plan::make_plan(builder.config(), const_cast<FactsBuilder&>(facts).facts(), services);
}

// Why the only probe is skipped; "" where it is not.
inline std::string reason_of(const plan::ProbePlan& plan) {
  return plan.skipped.empty() ? "" : plan.skipped.front().reason;
}

// Registers in the order of Go's convention: RAX RBX RCX RDI RSI R8 R9 R10 R11, then RDX and RSP.
struct Registers {
  std::array<std::uint64_t, collect::kArguments> values{};

  Registers(std::initializer_list<std::uint64_t> integers = {}) {
    std::copy(integers.begin(), integers.end(), values.begin());
  }
};

// One call of a planned probe.
class PlannedCall {
 public:
  PlannedCall(const plan::ProbePlan* plan, const FakeMemory* memory, std::uint64_t load_bias = 0)
      : probe_(&plan->probes.front()), memory_(memory), load_bias_(load_bias), values_(probe_->values_size) {}

  // Whether the probe's condition holds.
  bool enter(const Registers& registers) { return run(probe_->enter, registers.values, false, entry_); }

  bool leave(const Registers& registers) { return run(probe_->leave, registers.values, false, exit_); }

  bool panic() { return run(probe_->leave, {}, true, exit_); }

  // The text of a label, without transforms.
  std::string label(const std::string& name) const {
    for (const plan::LabelField& field : probe_->labels) {
      if (field.name == name) {
        return text_of(field);
      }
    }
    return "no such label";
  }

  // What a record would be given: nothing where its condition does not hold.
  std::optional<std::uint64_t> recorded(std::size_t index) const {
    const plan::PlannedRecord& record = probe_->records.at(index);
    const collect::Evaluation& result = record.at_return ? exit_ : entry_;
    if (record.when && result.registers.at(*record.when) == 0) {
      return std::nullopt;
    }
    return record.value ? result.registers.at(*record.value) : 1;
  }

  std::optional<std::int64_t> poll(std::size_t index, std::uint64_t in_flight) {
    const plan::PlannedRecord& record = probe_->records.at(index);
    const collect::Evaluation result = evaluate(record.poll, {}, false, in_flight);
    return result.valid ? std::optional(static_cast<std::int64_t>(result.registers[0])) : std::nullopt;
  }

  std::vector<std::byte>& values() { return values_; }

  [[nodiscard]] std::uint32_t failed_reads() const { return entry_.failed_reads + exit_.failed_reads; }

  [[nodiscard]] std::uint32_t unlikely_values() const {
    return entry_.unlikely_values + exit_.unlikely_values;
  }

 private:
  collect::Evaluation evaluate(const plan::Phase& phase, std::span<const std::uint64_t> arguments,
                               bool panicked, std::uint64_t in_flight = 0) {
    return collect::evaluate(
        {.operations = phase.operations,
         .text = phase.text,
         .values = values_,
         .arguments = arguments,
         .load_bias = load_bias_,
         .in_flight = in_flight,
         .panicked = panicked},
        [this](std::uint64_t address, std::span<std::byte> to) { return memory_->read(address, to); });
  }

  bool run(const plan::Phase& phase, std::span<const std::uint64_t> arguments, bool panicked,
           collect::Evaluation& result) {
    result = evaluate(phase, arguments, panicked);
    return !phase.when || result.registers.at(*phase.when) != 0;
  }

  [[nodiscard]] std::uint64_t number_at(std::size_t offset, std::size_t size) const {
    std::uint64_t value = 0;
    std::memcpy(&value, values_.data() + offset, size);
    return value;
  }

  [[nodiscard]] std::string text_of(const plan::LabelField& field) const {
    using Kind = plan::LabelField::Kind;
    if (field.optional && number_at(field.offset - std::size_t{1}, 1) == 0) {
      return "absent:" + field.absent;
    }
    switch (field.kind) {
      case Kind::kString: {
        const std::size_t kept = std::min<std::size_t>(number_at(field.offset, 2), field.size - 2U);
        return {reinterpret_cast<const char*>(values_.data()) + field.offset + 2, kept};
      }
      case Kind::kInteger: {
        const unsigned shift = 64 - field.size * 8U;
        const std::uint64_t raw = number_at(field.offset, field.size) << shift;
        return field.is_signed ? std::to_string(static_cast<std::int64_t>(raw) >> shift)
                               : std::to_string(raw >> shift);
      }
      case Kind::kBool:
        return number_at(field.offset, 1) != 0 ? "true" : "false";
      case Kind::kCase:
        return field.cases.at(number_at(field.offset, 1));
      case Kind::kType:
        return "type " + std::to_string(number_at(field.offset, 8));
      case Kind::kFunction:
        return "function";
      case Kind::kConstant:
        return field.cases.front();
    }
    return "";
  }

  const plan::PlannedProbe* probe_;
  const FakeMemory* memory_;
  std::uint64_t load_bias_;
  std::vector<std::byte> values_;
  collect::Evaluation entry_;
  collect::Evaluation exit_;
};

}  // namespace support
