/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a phase does with the values it has computed. */
#ifndef LIB_RECORDS_BPF_H
#define LIB_RECORDS_BPF_H

#include "lib/frames.bpf.h"
#include "lib/operations.bpf.h"
#include "lib/series.bpf.h"
#include "lib/site.bpf.h"

static __always_inline void add_object(const struct object_key *key, struct frame *frame)
{
	if (bpf_map_lookup_elem(&objects, key))
		return;
	long error = bpf_map_update_elem(&objects, key, frame + 1, BPF_NOEXIST);
	if (error && error != -17 /* EEXIST: another thread was first */)
		count_loss(spec.probe, LOSS_OBJECTS_FULL);
}

/* Puts this program's values into the innermost frame of the target probe that this call runs in. */
static __always_inline void contribute(struct pt_regs *ctx, struct frame *frame, const volatile struct record_spec *record)
{
	struct position at;
	if (find_position(ctx, frame->key.process, &at))
		return;
	struct goroutine *g = bpf_map_lookup_elem(&goroutines, &at.key);
	if (!g)
		return;
	__u32 found = find_frame(g, &at.key, drop_deeper(g, &at.key, at.depth), record->target);
	struct frame *target = found ? frame_at(g, &at.key, found - 1) : 0;
	if (!target)
		return;
	__u8 *to = (__u8 *)(target + 1) + record->destination, *from = (__u8 *)(frame + 1) + record->source;
	for (__u32 i = 0; i < ABI_STRING + 3; i++) {
		if (i >= record->length)
			break;
		to[i] = from[i];
	}
}

static __always_inline __u64 observed(struct machine *m, __u8 source, __u64 duration)
{
	if (source == SOURCE_NONE)
		return 1;
	if (source == SOURCE_DURATION)
		return duration;
	return m->r[source & (ABI_REGISTERS - 1)];
}

static __always_inline void add_to_slots(struct machine *m, __u64 *slots, __u64 duration,
					 const volatile struct record_spec *record)
{
	const __u64 value = observed(m, record->value, duration);
	if (record->kind == RECORD_SET) {
		slots[record->slot] = value;
		slots[record->slot + 1] = bpf_ktime_get_ns();
		return;
	}
	__sync_fetch_and_add(&slots[record->slot], value);
	if (record->kind == RECORD_HISTOGRAM) {
		const __u32 bucket = bucket_of(value, record->bound, record->bounds);
		__sync_fetch_and_add(&slots[record->slot + 1 + bucket], 1);
	}
}

static __always_inline void run_records(struct machine *m, struct pt_regs *ctx, struct frame *frame, __u64 duration,
					const volatile struct phase_spec *phase)
{
	__u64 *slots = 0;
#pragma unroll
	for (int i = 0; i < ABI_RECORDS; i++) {
		if (i >= phase->record_count)
			break;
		const volatile struct record_spec *record = &phase->records[i];
		if (record->when != SOURCE_NONE && !m->r[record->when & (ABI_REGISTERS - 1)])
			continue;
		const __u8 kind = record->kind;
		if (kind == RECORD_CONTRIBUTE) {
			contribute(ctx, frame, record);
			continue;
		}
		if (kind == RECORD_OBJECT_ADD || kind == RECORD_OBJECT_REMOVE) {
			struct object_key key = {
				.process = frame->key.process,
				.object = record->object,
				/* A label of the process itself belongs to no object. */
				.address = record->value == SOURCE_NONE ? 0 : m->r[record->value & (ABI_REGISTERS - 1)],
			};
			if (kind == RECORD_OBJECT_ADD)
				add_object(&key, frame);
			else
				bpf_map_delete_elem(&objects, &key);
			continue;
		}
		if (!slots)
			slots = series_slots(&frame->key);
		if (!slots)
			return;
		add_to_slots(m, slots, duration, record);
	}
}

/* Runs a phase on a frame; 0 where the probe's condition does not hold. */
static __always_inline int run_phase(struct pt_regs *ctx, struct frame *frame, __u64 duration,
				     const volatile struct phase_spec *phase)
{
	struct machine m = { .valid = 1 };
	if (spec.position_independent)
		m.bias = ctx->rip - site_address(ctx);
	run_operations(&m, ctx, (__u8 *)(frame + 1), phase);
	if (m.failed_reads)
		count_loss(spec.probe, LOSS_READ_FAILED);
	if (m.unlikely_values)
		count_loss(spec.probe, LOSS_UNLIKELY_VALUE);
	if (phase->when != SOURCE_NONE && !m.r[phase->when & (ABI_REGISTERS - 1)])
		return 0;
	run_records(&m, ctx, frame, duration, phase);
	return 1;
}

#endif
