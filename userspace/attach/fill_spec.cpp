#include "attach/fill_spec.hpp"

#include <algorithm>
#include <array>

#include "abi/maps.h"
#include "attach/attached_binary.hpp"

namespace attach {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using config::RecordKind;

base::Result<> fill_phase(phase_spec& spec, const plan::Phase& phase) {
  if (phase.operations.size() > ABI_OPERATIONS || phase.text.size() > ABI_TEXT) {
    return fail(ErrorCode::kUnsupported, "{} operations and {} bytes of text are more than {} and {}",
                phase.operations.size(), phase.text.size(), +ABI_OPERATIONS, +ABI_TEXT);
  }
  std::ranges::copy(phase.operations, std::begin(spec.operations));
  std::ranges::copy(phase.text, std::begin(spec.text));
  spec.operation_count = static_cast<__u16>(phase.operations.size());
  spec.when = phase.when.value_or(SOURCE_NONE);
  return {};
}

Result<> append(phase_spec& spec, const record_spec& record) {
  if (spec.record_count == ABI_RECORDS) {
    return fail(ErrorCode::kUnsupported, "more than {} records in one probe; write a second probe",
                +ABI_RECORDS);
  }
  spec.records[spec.record_count++] = record;
  return {};
}

// Where `bounds` stand in the table, appended to it unless they are there already.
Result<std::uint16_t> place_bounds(probe_spec& spec, std::size_t& used,
                                   const std::vector<std::int64_t>& bounds) {
  const auto table = std::span(spec.bounds).first(used);
  const auto known =
      std::ranges::search(table, bounds, {}, [](__u64 bound) { return static_cast<std::int64_t>(bound); });
  if (!bounds.empty() && known.begin() != table.end()) {
    return static_cast<std::uint16_t>(known.begin() - table.begin());
  }
  if (used + bounds.size() > ABI_BOUNDS) {
    return fail(ErrorCode::kUnsupported, "more than {} different buckets in one probe; write a second probe",
                +ABI_BOUNDS);
  }
  const auto first = static_cast<std::uint16_t>(used);
  for (const std::int64_t bound : bounds) {
    spec.bounds[used++] = static_cast<__u64>(bound);
  }
  return first;
}

__u8 kind_of(RecordKind kind) {
  switch (kind) {
    case RecordKind::kCount:
      return RECORD_COUNT;
    case RecordKind::kDuration:
    case RecordKind::kObserve:
      return RECORD_HISTOGRAM;
    case RecordKind::kSet:
      return RECORD_SET;
    case RecordKind::kPairUp:
    case RecordKind::kPoll:
      return RECORD_OBJECT_ADD;
    case RecordKind::kPairDown:
      return RECORD_OBJECT_REMOVE;
    case RecordKind::kInFlight:
      return RECORD_NONE;
  }
  return RECORD_NONE;
}

record_spec empty_record(__u8 kind) {
  record_spec record{};
  record.kind = kind;
  record.value = SOURCE_NONE;
  record.when = SOURCE_NONE;
  return record;
}

Result<> fill_records(probe_spec& spec, const plan::PlannedProbe& probe) {
  std::size_t bounds_used = 0;
  for (const plan::PlannedRecord& planned : probe.records) {
    record_spec record = empty_record(kind_of(planned.kind));
    if (record.kind == RECORD_NONE) {
      continue;  // calls in flight are counted from the frames themselves
    }
    record.value =
        planned.kind == RecordKind::kDuration ? __u8{SOURCE_DURATION} : planned.value.value_or(SOURCE_NONE);
    record.when = planned.when.value_or(SOURCE_NONE);
    record.slot = planned.slot;
    record.object = planned.object;
    record.bounds = static_cast<__u8>(planned.bounds.size());
    ASSIGN_OR_RETURN(record.bound, place_bounds(spec, bounds_used, planned.bounds));
    RETURN_IF_ERROR(append(planned.at_return ? spec.leave : spec.enter, record));
  }
  return {};
}

Result<> fill_targets(probe_spec& spec, const plan::PlannedProbe& probe, const SpecContext& context) {
  for (const plan::Contribution& contribution : probe.contributions) {
    record_spec record = empty_record(RECORD_CONTRIBUTE);
    record.target = context.numbers[contribution.target];
    record.source = contribution.source;
    record.destination = contribution.destination;
    record.length = contribution.length;
    RETURN_IF_ERROR(append(contribution.at_return ? spec.leave : spec.enter, record));
  }
  for (const plan::IdentityTarget& identity : probe.identity) {
    record_spec record = empty_record(RECORD_OBJECT_ADD);
    record.object = identity.object;
    RETURN_IF_ERROR(append(spec.enter, record));
  }
  return {};
}

probe_spec common_spec(const plan::ProbePlan& plan, const SpecContext& context) {
  probe_spec spec{};
  spec.enter.when = SOURCE_NONE;
  spec.leave.when = SOURCE_NONE;
  spec.services = context.services;
  spec.probe = context.number;
  spec.replaces = context.replaces;
  spec.gate = context.gate;
  spec.generation = context.generation;
  spec.frame_stride = context.frame_stride;
  spec.goroutine = plan.runtime == inspect::Runtime::kGo ? GOROUTINE_GO : GOROUTINE_THREAD;
  spec.sleepable = context.kernel.sleepable ? 1 : 0;
  spec.loop_helper = context.kernel.loop_helper ? 1 : 0;
  spec.position_independent = plan.position_independent ? 1 : 0;
  spec.goid_offset = plan.goroutine.goid;
  spec.stack_hi_offset = plan.goroutine.stack_hi;
  spec.series_limit = context.series_limit;
  spec.slab_shift = slab_shift_of(context.series_limit);
  return spec;
}

bool sees_panics(const plan::PlannedProbe& probe) {
  return std::ranges::any_of(probe.leave.operations,
                             [](const operation& step) { return step.code == OP_PANICKED; });
}

}  // namespace

std::uint16_t frame_stride_of(const plan::ProbePlan& plan) {
  std::size_t widest = 8;
  for (const plan::PlannedProbe& probe : plan.probes) {
    widest = std::max<std::size_t>(widest, probe.values_size);
  }
  // In steps, so that a probe more, or a longer label, rarely needs other maps.
  constexpr std::size_t kStep = 64;
  return static_cast<std::uint16_t>((sizeof(frame) + widest + kStep - 1) / kStep * kStep);
}

base::Result<probe_spec> fill_spec(const plan::ProbePlan& plan, const plan::PlannedProbe& probe,
                                   const SpecContext& context) {
  probe_spec spec = common_spec(plan, context);
  RETURN_IF_ERROR(fill_phase(spec.enter, probe.enter));
  RETURN_IF_ERROR(fill_phase(spec.leave, probe.leave));
  RETURN_IF_ERROR(fill_records(spec, probe));
  RETURN_IF_ERROR(fill_targets(spec, probe, context));
  spec.key_size = static_cast<__u16>(sizeof(series_key) + probe.labels_size);
  spec.values_size = probe.values_size;
  spec.slots = std::max<__u16>(probe.slots, 1);
  spec.outermost = probe.outermost ? 1 : 0;
  spec.framed = probe.framed ? 1 : 0;
  spec.counts_unwound = sees_panics(probe) ? 1 : 0;
  return spec;
}

probe_spec fill_unwind_spec(const plan::ProbePlan& plan, const SpecContext& context) {
  probe_spec spec = common_spec(plan, context);
  spec.key_size = sizeof(series_key);
  spec.slots = 1;
  return spec;
}

}  // namespace attach
