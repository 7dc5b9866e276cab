/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Aggregation: a series key (process, function, label values) leads to a slot, the slot to u64s that hold all metrics of
 * the probe: per CPU where its slab is there, else shared by all CPUs. */
#ifndef LIB_SERIES_BPF_H
#define LIB_SERIES_BPF_H

#include "lib/losses.bpf.h"

/* A slot that a series of a process that is gone had, 0 where there is none. */
static __always_inline __u32 take_free_slot(struct series_cursor *used)
{
	__u32 zero = 0;
	__u32 *given = bpf_map_lookup_elem(&free_slots, &zero);
#pragma unroll
	for (int i = 0; given && i < 4; i++) {
		const __u32 head = *(volatile __u32 *)&used->free_head;
		if (head == *(volatile __u32 *)given)
			return 0;
		__u32 index = 1 + head % spec.series_limit;
		__u32 *slot = bpf_map_lookup_elem(&free_slots, &index);
		/* Read before it is taken: afterwards userspace may put another there. */
		const __u32 taken = slot ? *(volatile __u32 *)slot : 0;
		if (__sync_val_compare_and_swap(&used->free_head, head, head + 1) == head)
			return taken;
	}
	return 0;
}

/* Slots that lost a race for their key are chained: `spare` is the first, and the first of a slot's shared numbers, 0 in
 * every slot without a series, is the next.
 *
 * Both functions are global, so that the kernel verifies each once: inlined, the loop within the loop would be nine tenths
 * of what it verifies of a program, and of the time to load it. */
__noinline int put_spare(__u32 slot)
{
	__u32 zero = 0;
	struct series_cursor *used = bpf_map_lookup_elem(&cursor, &zero);
	__u64 *link = bpf_map_lookup_elem(&values, &slot);
	if (!used || !link)
		return 0;
#pragma unroll
	for (int i = 0; i < 8; i++) {
		const __u32 next = *(volatile __u32 *)&used->spare;
		*(volatile __u64 *)link = next;
		if (__sync_val_compare_and_swap(&used->spare, next, slot) == next)
			return 1;
	}
	/* 8 others were quicker each time: this slot is not used again. */
	*(volatile __u64 *)link = 0;
	return 0;
}

/* All of the chain is taken, so that nobody sees half of it, and the rest is put back. */
__noinline __u32 take_spare(void)
{
	__u32 zero = 0;
	struct series_cursor *used = bpf_map_lookup_elem(&cursor, &zero);
	if (!used)
		return 0;
	const __u32 slot = __sync_lock_test_and_set(&used->spare, 0);
	__u64 *link = slot ? bpf_map_lookup_elem(&values, &slot) : 0;
	if (!link)
		return slot;
	__u32 rest = *(volatile __u64 *)link;
	*(volatile __u64 *)link = 0;
	if (!rest || !__sync_val_compare_and_swap(&used->spare, 0, rest))
		return slot;
	/* Others have begun a new chain meanwhile. */
	for (int i = 0; rest && i < 64; i++) {
		__u64 *next = bpf_map_lookup_elem(&values, &rest);
		const __u32 put = rest;
		rest = next ? *(volatile __u64 *)next : 0;
		put_spare(put);
	}
	return slot;
}

/* A slot for a key that has none. A full map is no loss of the count: the overflow series, slot 0, takes it. */
static __noinline __u32 new_series(struct series_key *key)
{
	__u32 zero = 0;
	struct series_cursor *next = bpf_map_lookup_elem(&cursor, &zero);
	if (!next)
		return NO_SLOT;
	__u32 slot = take_spare();
	if (!slot)
		slot = take_free_slot(next);
	if (!slot) {
		if (*(volatile __u32 *)&next->next < spec.series_limit)
			slot = __sync_fetch_and_add(&next->next, 1);
		if (!slot || slot >= spec.series_limit) {
			count_loss(spec.probe, LOSS_SERIES_FULL);
			return 0;
		}
	}
	if (!bpf_map_update_elem(&series, key, &slot, BPF_NOEXIST))
		return slot;
	put_spare(slot);
	__u32 *theirs = bpf_map_lookup_elem(&series, key);
	if (theirs)
		return *theirs;
	count_loss(spec.probe, LOSS_SERIES_FAILED);
	return NO_SLOT;
}

static __always_inline __u64 *series_slots(struct series_key *key)
{
	__u32 *known = bpf_map_lookup_elem(&series, key);
	__u32 slot = known ? *known : new_series(key);
	__u32 index = slot >> spec.slab_shift, element = slot & ((1u << spec.slab_shift) - 1);
	void *slab = bpf_map_lookup_elem(&slabs, &index);
	__u64 *slots = slab ? bpf_map_lookup_elem(slab, &element) : 0;
	/* Nothing is lost while a new slab is awaited, or when there is no memory for it. */
	return slots ? slots : bpf_map_lookup_elem(&values, &slot);
}

/* The first bucket whose bound is not below the observation; `bounds` where it is above all. Without branches: the
 * number of bounds is a constant of the program. */
static __always_inline __u32 bucket_of(__s64 observation, __u32 first, __u32 bounds)
{
	__u32 bucket = 0;
	for (__u32 i = 0; i < ABI_BOUNDS; i++) {
		if (i >= bounds)
			break;
		/* 1 where bound < observation */
		bucket += ((__u64)((__s64)spec.bounds[(first + i) & (ABI_BOUNDS - 1)] - observation) >> 63) & 1;
	}
	return bucket;
}

#endif
