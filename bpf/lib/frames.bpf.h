/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Calls in flight. One record per goroutine holds its frames as a stack ordered by depth, where depth is
 * stack.hi - SP: it survives stack growth, and a deeper call has a larger one. So whatever runs at depth D proves that
 * every frame deeper than D is gone, however it ended. Several probes of one function have frames of equal depth. */
#ifndef LIB_FRAMES_BPF_H
#define LIB_FRAMES_BPF_H

#include "lib/frame.bpf.h"
#include "lib/user_read.bpf.h"

struct position {
	struct goroutine_key key;
	__u32 depth;
};

#define THREAD_BIT (1ull << 63)

/* Whose call this is and how deep. Go keeps g in R14; on g0 (goid 0) and in other languages the thread's stack counts. */
static __always_inline int find_position(struct pt_regs *ctx, __u32 process, struct position *at)
{
	__u64 goid = 0, top = 0;
	if (spec.goroutine == GOROUTINE_GO) {
		const __u64 g = ctx->r14;
		if (read_user(&goid, sizeof(goid), g + spec.goid_offset) ||
		    read_user(&top, sizeof(top), g + spec.stack_hi_offset)) {
			count_loss(spec.probe, LOSS_READ_FAILED);
			return -1;
		}
	}
	at->key.process = process;
	at->key.pad = 0;
	at->key.goroutine = goid ? goid : (THREAD_BIT | (__u32)bpf_get_current_pid_tgid());
	at->depth = top - ctx->rsp;
	return 0;
}

struct walk {
	struct goroutine *g;
	const struct goroutine_key *key;
	__u32 depth;
	__u32 count;   /* frames left */
	__u32 probe;   /* find_frame and below: whose */
	__u32 found;   /* find_frame and below: its index + 1 */
	__u32 replaced;  /* index_at_return: whether the call began under the probe that this one has taken the place of */
	__u32 function;  /* index_for_entry: of the call that begins */
	__u32 kept;      /* index_for_entry: frames left without those of other functions */
};

/* Drops the last frame if it is deeper than walk->depth; 1 when there is no more to drop. */
static __always_inline long drop_one(struct walk *walk)
{
	if (!walk->count)
		return 1;
	struct frame *frame = frame_at(walk->g, walk->key, walk->count - 1);
	if (frame) {
		if (!is_over(frame) && frame->depth <= walk->depth)
			return 1;
		end_unwound(frame);
	}
	walk->count--;
	return 0;
}

static long drop_in_loop(__u32 index, struct walk *walk)
{
	return drop_one(walk);
}

/* The number of frames that are left of goroutine `g` when those deeper than `depth` and dead ones are dropped. */
static __noinline __u32 drop_deeper(struct goroutine *g, const struct goroutine_key *key, __u32 depth)
{
	struct walk walk = { .g = g, .key = key, .depth = depth, .count = g->count };
	if (drop_one(&walk) || drop_one(&walk))
		return walk.count;
	if (spec.loop_helper) {
		bpf_loop(1 << 20, drop_in_loop, &walk, 0);
	} else {
		for (int i = 0; i < 128; i++)
			if (drop_one(&walk))
				break;
	}
	return walk.count;
}

static __always_inline long find_one(struct walk *walk)
{
	if (!walk->count)
		return 1;
	walk->count--;
	struct frame *frame = frame_at(walk->g, walk->key, walk->count);
	if (!frame || frame->probe != walk->probe || is_over(frame))
		return 0;
	walk->found = walk->count + 1;
	return 1;
}

static long find_in_loop(__u32 index, struct walk *walk)
{
	return find_one(walk);
}

/* 1 + the index of the innermost frame of `probe` among the first `count` frames, 0 where there is none. */
static __noinline __u32 find_frame(struct goroutine *g, const struct goroutine_key *key, __u32 count, __u32 probe)
{
	struct walk walk = { .g = g, .key = key, .count = count, .probe = probe };
	if (find_one(&walk) || find_one(&walk) || find_one(&walk))
		return walk.found;
	if (spec.loop_helper) {
		bpf_loop(1 << 20, find_in_loop, &walk, 0);
	} else {
		for (int i = 0; i < 128; i++)
			if (find_one(&walk))
				break;
	}
	return walk.found;
}

static __always_inline struct goroutine *goroutine_at(const struct goroutine_key *key)
{
	struct goroutine *g = bpf_map_lookup_elem(&goroutines, key);
	if (g)
		return g;
	__u32 zero = 0;
	void *blank = bpf_map_lookup_elem(&blank_goroutine, &zero);
	if (!blank || bpf_map_update_elem(&goroutines, key, blank, BPF_NOEXIST))
		return 0;
	return bpf_map_lookup_elem(&goroutines, key);
}

/* The memory for a frame at `index`: in the record, or in the map of spilled frames. */
static __always_inline struct frame *new_frame_at(struct goroutine *g, const struct goroutine_key *key, __u32 index)
{
	struct frame *frame = frame_at(g, key, index);
	if (index < ABI_FRAMES)
		return frame;
	if (!frame) {
		struct spilled_key spilled_key = {
			.process = key->process, .index = index, .goroutine = key->goroutine,
		};
		/* Any frame serves as the initial value: begin_frame writes all of it. */
		if (bpf_map_update_elem(&spilled, &spilled_key, (void *)g + sizeof(*g), BPF_NOEXIST))
			return 0;
		frame = bpf_map_lookup_elem(&spilled, &spilled_key);
	}
	if (g->highest <= index)
		g->highest = index + 1;
	return frame;
}

static __always_inline void begin_frame(struct frame *frame, __u32 process, __u32 function, __u32 depth)
{
	for (__u32 i = sizeof(*frame); i < sizeof(*frame) + ABI_VALUES; i += 8) {
		if (i >= spec.frame_stride)
			break;
		*(__u64 *)((void *)frame + i) = 0;
	}
	frame->depth = depth;
	frame->probe = spec.probe;
	frame->counts_unwound = spec.counts_unwound;
	frame->pad = 0;
	frame->key.process = process;
	frame->key.function = function;
	frame->key.pad = 0;
}

/* One of the frames at walk->depth, from the last on, for an entry of walk->probe; 1 when there is no more to look at. */
static __always_inline long place_one(struct walk *walk)
{
	if (!walk->count)
		return 1;
	struct frame *frame = frame_at(walk->g, walk->key, walk->count - 1);
	if (!frame || frame->depth != walk->depth)
		return 1;
	walk->count--;
	if (frame->key.function != walk->function) {
		/* Another function stood here: what lies above its frame is as dead as it is. */
		end_unwound(frame);
		frame->probe = FRAME_DEAD;
		walk->kept = walk->count;
	} else if (frame->probe == walk->probe) {
		end_unwound(frame);
		walk->found = walk->count + 1;
		return 1;
	}
	return 0;
}

static long place_in_loop(__u32 index, struct walk *walk)
{
	return place_one(walk);
}

/* Where the frame of this probe for a call at `depth` goes: one that is there already is stale (the earlier call of
 * that depth ended without a return) and is used again. Frames of another function at that depth are dropped. */
static __noinline __u32 index_for_entry(struct goroutine *g, const struct goroutine_key *key, __u32 *count,
					__u32 depth, __u32 function)
{
	struct walk walk = {
		.g = g, .key = key, .depth = depth, .count = *count, .probe = spec.probe,
		.function = function, .kept = *count,
	};
	if (!place_one(&walk) && !place_one(&walk)) {
		if (spec.loop_helper) {
			bpf_loop(ABI_PROBES, place_in_loop, &walk, 0);
		} else {
			for (int i = 0; i < 32; i++)
				if (place_one(&walk))
					break;
		}
	}
	*count = walk.kept;
	return walk.found ? walk.found - 1 : walk.kept;
}

static __always_inline long find_one_at_depth(struct walk *walk)
{
	if (!walk->count)
		return 1;
	struct frame *frame = frame_at(walk->g, walk->key, walk->count - 1);
	if (!frame || frame->depth != walk->depth)
		return 1;
	walk->count--;
	if (is_over(frame))
		return 0;
	/* The call began under a probe that this one has taken the place of: nobody else will see its end. */
	if (frame->probe == spec.replaces && frame->probe != walk->probe) {
		if (take_start(frame) != START_ENDED)
			walk->replaced = 1;
		frame->probe = FRAME_DEAD;
		return 0;
	}
	if (frame->probe != walk->probe)
		return 0;
	walk->found = walk->count + 1;
	return 1;
}

static long find_at_depth_in_loop(__u32 index, struct walk *walk)
{
	return find_one_at_depth(walk);
}

enum { CALL_REPLACED = 0xffffffff };

/* 1 + the index of this probe's frame at `depth` among the last frames, 0 where there is none; CALL_REPLACED where the probe
 * has changed since the call began. */
static __noinline __u32 index_at_return(struct goroutine *g, const struct goroutine_key *key, __u32 count,
					__u32 depth)
{
	struct walk walk = { .g = g, .key = key, .depth = depth, .count = count, .probe = spec.probe };
	if (!find_one_at_depth(&walk) && !find_one_at_depth(&walk)) {
		if (spec.loop_helper) {
			bpf_loop(ABI_PROBES, find_at_depth_in_loop, &walk, 0);
		} else {
			for (int i = 0; i < 32; i++)
				if (find_one_at_depth(&walk))
					break;
		}
	}
	return walk.found || !walk.replaced ? walk.found : CALL_REPLACED;
}

static long delete_next_spilled(__u32 index, struct spilled_key *key)
{
	bpf_map_delete_elem(&spilled, key);
	key->index++;
	return 0;
}

/* A goroutine that ends must leave nothing behind: most live for one request. */
static __noinline void delete_spilled(const struct goroutine_key *key, __u32 highest)
{
	struct spilled_key next = { .process = key->process, .index = ABI_FRAMES, .goroutine = key->goroutine };
	if (spec.loop_helper) {
		bpf_loop(highest - ABI_FRAMES, delete_next_spilled, &next, 0);
		return;
	}
	for (int i = 0; i < 512; i++) {
		if (next.index >= highest)
			break;
		delete_next_spilled(0, &next);
	}
}

static __always_inline void keep_frames(struct goroutine *g, const struct goroutine_key *key, __u32 count)
{
	g->count = count;
	if (count)
		return;
	if (g->highest > ABI_FRAMES)
		delete_spilled(key, g->highest);
	bpf_map_delete_elem(&goroutines, key);
}

static __always_inline struct scratch *claim_scratch(void)
{
	const __u32 first = bpf_get_smp_processor_id() * ABI_SCRATCH;
#pragma unroll
	for (int i = 0; i < ABI_SCRATCH; i++) {
		__u32 index = first + i;
		struct scratch *scratch = bpf_map_lookup_elem(&scratches, &index);
		if (scratch && __sync_bool_compare_and_swap(&scratch->busy, 0, 1))
			return scratch;
	}
	count_loss(spec.probe, LOSS_SCRATCH_BUSY);
	return 0;
}

static __always_inline void release_scratch(struct scratch *scratch)
{
	__sync_lock_test_and_set(&scratch->busy, 0);
}

#endif
