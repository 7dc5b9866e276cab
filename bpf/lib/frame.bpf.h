/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* One call in flight: where it is kept, whether it is over, and what an end without a return counts. */
#ifndef LIB_FRAME_BPF_H
#define LIB_FRAME_BPF_H

#include "lib/losses.bpf.h"

static __always_inline struct frame *frame_at(struct goroutine *g, const struct goroutine_key *key, __u32 index)
{
	/* One register for the check and the use. */
	barrier_var(index);
	if (index < ABI_FRAMES)
		return (void *)g + sizeof(*g) + index * spec.frame_stride;
	struct spilled_key spilled_key = {
		.process = key->process, .index = index, .goroutine = key->goroutine,
	};
	return bpf_map_lookup_elem(&spilled, &spilled_key);
}

/* A call is ended by its goroutine or by userspace (calls.bpf.c), by one of them and once: who takes its start. */
static __always_inline int is_over(const struct frame *frame)
{
	return frame->probe == FRAME_DEAD || frame->start_ns == START_ENDED;
}

/* The start of a call that ends now, START_ENDED where userspace has ended it. */
static __always_inline __u64 take_start(struct frame *frame)
{
	return __sync_lock_test_and_set(&frame->start_ns, START_ENDED);
}

static __always_inline void count_unwound(struct frame *frame)
{
	if (frame->counts_unwound) {
		void *key = (void *)frame + offsetof(struct frame, key) - offsetof(struct unwound_key, series);
		/* The key begins with the frame's `probe` and the two bytes behind it, which are part of it. */
		__u64 one = 1, *count = bpf_map_lookup_elem(&unwound, key);
		if (!count && !bpf_map_update_elem(&unwound, key, &one, BPF_NOEXIST))
			return;
		if (!count)
			count = bpf_map_lookup_elem(&unwound, key);
		if (count) {
			__sync_fetch_and_add(count, 1);
			return;
		}
	}
	count_loss(frame->probe, LOSS_UNWOUND);
}

/* A call ended without a return: its goroutine is elsewhere. */
static __always_inline void end_unwound(struct frame *frame)
{
	if (frame->probe != FRAME_DEAD && take_start(frame) != START_ENDED)
		count_unwound(frame);
}

#endif
