// Both sides agree on every struct of bpf/abi: what the BPF compiler makes of it (BTF) against this one.
#include <bpf/btf.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "abi/lower_file.h"
#include "abi/maps.h"
#include "abi/operation.h"
#include "abi/probe_spec.h"

namespace {

struct BtfDeleter {
  void operator()(btf* types) const { btf__free(types); }
};

using Types = std::unique_ptr<btf, BtfDeleter>;

struct Layout {
  std::string name;
  std::size_t size = 0;
  std::map<std::string, std::size_t> members;  // name -> offset

  bool operator==(const Layout&) const = default;
};

Layout layout_in(const btf* types, const std::string& name) {
  Layout layout{.name = name};
  const int id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_STRUCT);
  if (id < 0) {
    return layout;
  }
  const btf_type* type = btf__type_by_id(types, static_cast<__u32>(id));
  layout.size = type->size;
  const btf_member* member = btf_members(type);
  for (__u32 i = 0; i < btf_vlen(type); ++i) {
    layout.members[btf__name_by_offset(types, member[i].name_off)] = btf_member_bit_offset(type, i) / 8;
  }
  return layout;
}

#define MEMBER(type, member) {#member, offsetof(struct type, member)}

const std::vector<Layout>& expected_layouts() {
  static const std::vector<Layout> layouts{
      {"operation",
       sizeof(operation),
       {MEMBER(operation, code), MEMBER(operation, d), MEMBER(operation, a), MEMBER(operation, b),
        MEMBER(operation, size), MEMBER(operation, flags), MEMBER(operation, text), MEMBER(operation, imm)}},
      {"record_spec",
       sizeof(record_spec),
       {MEMBER(record_spec, kind), MEMBER(record_spec, value), MEMBER(record_spec, when),
        MEMBER(record_spec, bounds), MEMBER(record_spec, slot), MEMBER(record_spec, bound),
        MEMBER(record_spec, object), MEMBER(record_spec, target), MEMBER(record_spec, source),
        MEMBER(record_spec, destination), MEMBER(record_spec, length)}},
      {"phase_spec",
       sizeof(phase_spec),
       {MEMBER(phase_spec, operations), MEMBER(phase_spec, records), MEMBER(phase_spec, text),
        MEMBER(phase_spec, operation_count), MEMBER(phase_spec, record_count), MEMBER(phase_spec, when),
        MEMBER(phase_spec, pad)}},
      {"probe_spec",
       sizeof(probe_spec),
       {MEMBER(probe_spec, enter),
        MEMBER(probe_spec, leave),
        MEMBER(probe_spec, bounds),
        MEMBER(probe_spec, services),
        MEMBER(probe_spec, probe),
        MEMBER(probe_spec, key_size),
        MEMBER(probe_spec, values_size),
        MEMBER(probe_spec, slots),
        MEMBER(probe_spec, frame_stride),
        MEMBER(probe_spec, goroutine),
        MEMBER(probe_spec, outermost),
        MEMBER(probe_spec, framed),
        MEMBER(probe_spec, sleepable),
        MEMBER(probe_spec, loop_helper),
        MEMBER(probe_spec, position_independent),
        MEMBER(probe_spec, goid_offset),
        MEMBER(probe_spec, stack_hi_offset),
        MEMBER(probe_spec, series_limit),
        MEMBER(probe_spec, generation),
        MEMBER(probe_spec, gate),
        MEMBER(probe_spec, replaces),
        MEMBER(probe_spec, counts_unwound),
        MEMBER(probe_spec, code_address),
        MEMBER(probe_spec, emulates_returns),
        MEMBER(probe_spec, slab_shift),
        MEMBER(probe_spec, pad)}},
      {"unwind_spec",
       sizeof(unwind_spec),
       {MEMBER(unwind_spec, panic_offset), MEMBER(unwind_spec, sp_offset), MEMBER(unwind_spec, through_panic),
        MEMBER(unwind_spec, pad)}},
      {"process",
       sizeof(process),
       {MEMBER(process, number), MEMBER(process, classified), MEMBER(process, services)}},
      {"classified_process",
       sizeof(classified_process),
       {MEMBER(classified_process, tgid), MEMBER(classified_process, number),
        MEMBER(classified_process, services)}},
      {"file_name", sizeof(file_name), {MEMBER(file_name, text)}},
      {"process_label_key",
       sizeof(process_label_key),
       {MEMBER(process_label_key, process), MEMBER(process_label_key, index)}},
      {"process_label",
       sizeof(process_label),
       {MEMBER(process_label, id_length), MEMBER(process_label, value_length), MEMBER(process_label, id),
        MEMBER(process_label, value)}},
      {"process_record",
       sizeof(process_record),
       {MEMBER(process_record, tgid), MEMBER(process_record, pid), MEMBER(process_record, start_time_ns),
        MEMBER(process_record, cgroup), MEMBER(process_record, exited),
        MEMBER(process_record, arguments_length), MEMBER(process_record, arguments)}},
      {"series_key",
       sizeof(series_key),
       {MEMBER(series_key, process), MEMBER(series_key, function), MEMBER(series_key, pad)}},
      {"frame",
       sizeof(frame),
       {MEMBER(frame, start_ns), MEMBER(frame, depth), MEMBER(frame, probe), MEMBER(frame, counts_unwound),
        MEMBER(frame, pad), MEMBER(frame, key)}},
      {"unwound_key",
       sizeof(unwound_key),
       {MEMBER(unwound_key, probe), MEMBER(unwound_key, pad), MEMBER(unwound_key, series)}},
      {"scratch", sizeof(scratch), {MEMBER(scratch, busy), MEMBER(scratch, pad), MEMBER(scratch, frame)}},
      {"goroutine_key",
       sizeof(goroutine_key),
       {MEMBER(goroutine_key, process), MEMBER(goroutine_key, pad), MEMBER(goroutine_key, goroutine)}},
      {"goroutine", sizeof(goroutine), {MEMBER(goroutine, count), MEMBER(goroutine, highest)}},
      {"spilled_key",
       sizeof(spilled_key),
       {MEMBER(spilled_key, process), MEMBER(spilled_key, index), MEMBER(spilled_key, goroutine)}},
      {"object_key",
       sizeof(object_key),
       {MEMBER(object_key, process), MEMBER(object_key, object), MEMBER(object_key, address)}},
      {"series_cursor",
       sizeof(series_cursor),
       {MEMBER(series_cursor, next), MEMBER(series_cursor, spare), MEMBER(series_cursor, free_head),
        MEMBER(series_cursor, refused)}},
      {"ended_call",
       sizeof(ended_call),
       {MEMBER(ended_call, key), MEMBER(ended_call, index), MEMBER(ended_call, depth),
        MEMBER(ended_call, start_ns), MEMBER(ended_call, probe), MEMBER(ended_call, end),
        MEMBER(ended_call, pad)}},
      {"handover_key",
       sizeof(handover_key),
       {MEMBER(handover_key, thread), MEMBER(handover_key, probe), MEMBER(handover_key, program)}},
      {"fold_step",
       sizeof(fold_step),
       {MEMBER(fold_step, underway), MEMBER(fold_step, source), MEMBER(fold_step, target),
        MEMBER(fold_step, pad)}},
      {"unwound_step", sizeof(unwound_step), {MEMBER(unwound_step, total)}},
      {"wanted_process", sizeof(wanted_process), {MEMBER(wanted_process, pid)}},
      {"lower_file", sizeof(lower_file), {MEMBER(lower_file, device), MEMBER(lower_file, inode)}},
      {"process_event",
       sizeof(process_event),
       {MEMBER(process_event, kind), MEMBER(process_event, tgid), MEMBER(process_event, number),
        MEMBER(process_event, pid)}},
  };
  return layouts;
}

TEST(AbiLayout, IsTheSameOnBothSides) {
  const Types types(btf__parse_elf(ABI_TYPES_OBJECT, nullptr));
  ASSERT_NE(types, nullptr) << ABI_TYPES_OBJECT;
  for (const Layout& expected : expected_layouts()) {
    const Layout found = layout_in(types.get(), expected.name);
    EXPECT_EQ(found.size, expected.size) << expected.name;
    EXPECT_EQ(found.members, expected.members) << expected.name;
  }
}

// The kernel builds the key of an unwound call in place, from the end of the frame's head on.
TEST(AbiLayout, FrameHeadEndsWithTheKeyOfAnUnwoundCall) {
  EXPECT_EQ(offsetof(frame, probe) - offsetof(unwound_key, probe), sizeof(frame) - sizeof(unwound_key));
  EXPECT_EQ(offsetof(frame, key), offsetof(frame, probe) + offsetof(unwound_key, series));
}

}  // namespace
