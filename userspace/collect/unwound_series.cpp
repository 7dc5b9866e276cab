#include "collect/unwound_series.hpp"

#include "collect/evaluate.hpp"

namespace collect {
namespace {

// Whether a condition, if there is one, holds.
bool holds(const Evaluation& result, std::optional<std::uint8_t> condition) {
  return !condition || result.registers.at(*condition) != 0;
}

}  // namespace

RawSeries unwound_series(const plan::PlannedProbe& probe, const RawUnwound& calls) {
  RawSeries series{.process = calls.process, .function = calls.function, .values = calls.values};
  series.slots.resize(probe.slots);
  // Everything it needs was captured at entry: memory is not read, the call is long over.
  const Evaluation result = evaluate({.operations = probe.leave.operations,
                                      .text = probe.leave.text,
                                      .values = series.values,
                                      .panicked = true},
                                     [](std::uint64_t, std::span<std::byte>) { return false; });
  if (!holds(result, probe.leave.when)) {
    return series;
  }
  for (const plan::PlannedRecord& record : probe.records) {
    if (record.kind == config::RecordKind::kCount && record.at_return && holds(result, record.when)) {
      const std::uint64_t each = record.value ? result.registers.at(*record.value) : 1;
      series.slots[record.slot] = calls.count * each;
    }
  }
  return series;
}

}  // namespace collect
