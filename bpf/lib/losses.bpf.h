/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Counting hits, and everything that is lost. */
#ifndef LIB_LOSSES_BPF_H
#define LIB_LOSSES_BPF_H

#include "lib/maps.bpf.h"
#include "lib/spec.bpf.h"

static __always_inline void count_loss(__u32 probe, enum loss_reason reason)
{
	__u32 index = probe * LOSS_REASONS + reason;
	__u64 *count = bpf_map_lookup_elem(&losses, &index);
	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void count_in(void *map, __u32 at_return)
{
	__u32 index = spec.probe * 2 + at_return;
	__u64 *count = bpf_map_lookup_elem(map, &index);
	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline void count_hit(__u32 at_return)
{
	count_in(&hits, at_return);
}

static __always_inline void count_stranger_hit(__u32 at_return)
{
	count_in(&stranger_hits, at_return);
}

#endif
