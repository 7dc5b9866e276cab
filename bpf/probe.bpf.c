// SPDX-License-Identifier: GPL-2.0 OR MIT
/* The programs of one probe. Userspace loads this object once per probe with its own constants (lib/spec.bpf.h). */
#include "lib/gate.bpf.h"
#include "lib/own_stack.bpf.h"
#include "lib/process.bpf.h"
#include "lib/records.bpf.h"
#include "lib/return.bpf.h"

/* Where a hit builds its values: the frame of a call in flight, or a scratch frame for a probe that keeps none (a
 * counter at entry, values read at a return for another probe). */
struct place {
	struct frame *frame;
	struct scratch *scratch;
	struct goroutine *g;
	struct position at;
	__u32 count;  /* frames of the goroutine without this one */
	__u32 index;  /* of this one */
};

static __always_inline int place_in_scratch(struct pt_regs *ctx, __u32 process, struct place *place)
{
	place->scratch = claim_scratch();
	if (!place->scratch)
		return -1;
	place->frame = &place->scratch->frame;
	begin_frame(place->frame, process, probed_function(ctx), 0);
	return 0;
}

/* A call that cannot be kept is one loss: its return must not be a second one. */
static __always_inline void refuse_call(enum loss_reason reason)
{
	__u32 zero = 0;
	struct series_cursor *probe = bpf_map_lookup_elem(&cursor, &zero);
	if (probe)
		__sync_fetch_and_add(&probe->refused, 1);
	count_loss(spec.probe, reason);
}

/* Whether a return without an entry is that of a refused call; which one is told by nothing, so the oldest debt is paid
 * first. A refused call that ends without a return leaves its debt. */
static __always_inline int returns_refused(void)
{
	__u32 zero = 0;
	struct series_cursor *probe = bpf_map_lookup_elem(&cursor, &zero);
	if (!probe || !*(volatile __u32 *)&probe->refused)
		return 0;
	if ((__s32)__sync_fetch_and_add(&probe->refused, -1) > 0)
		return 1;
	__sync_fetch_and_add(&probe->refused, 1);
	return 0;
}

/* Pushes a frame for the call that begins; -1 where there is none to keep. */
static __always_inline int place_in_goroutine(struct pt_regs *ctx, __u32 process, struct place *place)
{
	const __u32 function = probed_function(ctx);
	if (find_position(ctx, process, &place->at))
		return -1;
	struct goroutine *g = goroutine_at(&place->at.key);
	if (!g) {
		refuse_call(LOSS_GOROUTINES_FULL);
		return -1;
	}
	__u32 count = drop_deeper(g, &place->at.key, place->at.depth);
	if (spec.outermost) {
		/* A frame of this probe at this very depth is stale: this call stands where it stood. */
		__u32 outer = find_frame(g, &place->at.key, count, spec.probe);
		struct frame *frame = outer ? frame_at(g, &place->at.key, outer - 1) : 0;
		if (frame && frame->depth != place->at.depth) {
			g->count = count;
			return -1;
		}
	}
	__u32 index = index_for_entry(g, &place->at.key, &count, place->at.depth, function);
	struct frame *frame = new_frame_at(g, &place->at.key, index);
	if (!frame) {
		refuse_call(LOSS_SPILLED_FULL);
		keep_frames(g, &place->at.key, count);
		return -1;
	}
	begin_frame(frame, process, function, place->at.depth);
	place->g = g;
	place->frame = frame;
	place->count = count;
	place->index = index;
	return 0;
}

/* The call is in flight from here on, or, where the probe's condition does not hold, is forgotten. */
static __always_inline void end_entry(struct place *place, int wanted)
{
	if (wanted) {
		/* Last: what comes before it is not part of the call's duration. */
		place->frame->start_ns = bpf_ktime_get_ns();
		place->g->count = place->index < place->count ? place->count : place->index + 1;
		return;
	}
	place->frame->probe = FRAME_DEAD;
	keep_frames(place->g, &place->at.key, place->count);
}

SEC("uprobe")
int on_enter(struct pt_regs *ctx)
{
	keep_own_stack();
	if (grows_stack(ctx) || !handles_hit(PROGRAM_ENTER))
		return 0;
	count_hit(0);
	const __u32 process = counted_process(0);
	if (!process)
		return 0;
	struct place place = {};
	if (spec.framed ? place_in_goroutine(ctx, process, &place) : place_in_scratch(ctx, process, &place))
		return 0;
	const int wanted = run_phase(ctx, place.frame, 0, &spec.enter);
	if (spec.framed)
		end_entry(&place, wanted);
	else
		release_scratch(place.scratch);
	return 0;
}

/* A return whose entry was not seen, or not when: a loss where something is measured at returns. */
static __always_inline void count_no_entry(void)
{
	if (spec.leave.record_count && !returns_refused())
		count_loss(spec.probe, LOSS_NO_ENTRY);
}

/* Finds the frame of the call that returns; -1 where there is none. */
static __always_inline int find_call(struct pt_regs *ctx, __u32 process, struct place *place)
{
	if (find_position(ctx, process, &place->at))
		return -1;
	struct goroutine *g = bpf_map_lookup_elem(&goroutines, &place->at.key);
	if (!g) {
		if (spec.enter.when == SOURCE_NONE)
			count_no_entry();
		return -1;
	}
	__u32 count = drop_deeper(g, &place->at.key, place->at.depth);
	__u32 found = index_at_return(g, &place->at.key, count, place->at.depth);
	const int replaced = found == CALL_REPLACED;
	struct frame *frame = found && !replaced ? frame_at(g, &place->at.key, found - 1) : 0;
	if (!frame) {
		/* Nested in an outermost call, or kept out by the probe's condition: nothing is missing. */
		if (replaced || (spec.enter.when == SOURCE_NONE &&
				 !(spec.outermost && find_frame(g, &place->at.key, count, spec.probe))))
			count_no_entry();
		if (replaced)
			count = drop_deeper(g, &place->at.key, place->at.depth);
		keep_frames(g, &place->at.key, count);
		return -1;
	}
	place->g = g;
	place->frame = frame;
	place->count = count;
	place->index = found - 1;
	return 0;
}

/* The call is over. Frames of other probes of the same call may lie above its frame; they take it along when they go. */
static __always_inline void end_call(struct place *place)
{
	place->frame->probe = FRAME_DEAD;
	if (place->index + 1 == place->count)
		place->count = drop_deeper(place->g, &place->at.key, place->at.depth);
	keep_frames(place->g, &place->at.key, place->count);
}

static __always_inline void record_return(struct pt_regs *ctx, __u64 now)
{
	if (!handles_hit(PROGRAM_RETURN))
		return;
	count_hit(1);
	const __u32 process = counted_process(1);
	if (!process)
		return;
	struct place place = {};
	if (spec.framed ? find_call(ctx, process, &place) : place_in_scratch(ctx, process, &place))
		return;
	const __u64 start = spec.framed ? take_start(place.frame) : now;
	if (start > START_ENDED)
		run_phase(ctx, place.frame, now - start, &spec.leave);
	else
		count_no_entry();
	if (spec.framed)
		end_call(&place);
	else
		release_scratch(place.scratch);
}

SEC("uprobe")
int on_return(struct pt_regs *ctx)
{
	keep_own_stack();
	/* First: what comes after it is not part of the call's duration. */
	const __u64 now = bpf_ktime_get_ns();
	/* record_return() stands here once: twice is more than a branch can jump over. */
	const __u64 done = spec.emulates_returns ? undo_return(ctx) : 0;
	record_return(ctx, now);
	if (spec.emulates_returns)
		do_return(ctx, done);
	return 0;
}

/* Drops the frames of goroutine `g` that are deeper than stack pointer `sp`. */
static __always_inline void unwind_to(__u32 process, __u64 g, __u64 sp)
{
	__u64 goid = 0, top = 0;
	if (read_user(&goid, sizeof(goid), g + spec.goid_offset) ||
	    read_user(&top, sizeof(top), g + spec.stack_hi_offset)) {
		count_loss(spec.probe, LOSS_READ_FAILED);
		return;
	}
	struct goroutine_key key = { .process = process, .goroutine = goid };
	struct goroutine *goroutine = bpf_map_lookup_elem(&goroutines, &key);
	if (goroutine)
		keep_frames(goroutine, &key, drop_deeper(goroutine, &key, sp ? (__u32)(top - sp) : 0));
}

/* func recovery(gp *g), on g0: a deferred call of gp has recovered a panic. gp goes on in the frame whose stack pointer
 * the panic recorded; every deeper call is over. */
SEC("uprobe")
int on_recovery(struct pt_regs *ctx)
{
	keep_own_stack();
	if (grows_stack(ctx) || !handles_hit(PROGRAM_UNWIND))
		return 0;
	count_hit(0);
	__u32 process = counted_process(0);
	if (!process)
		return 0;
	const __u64 gp = ctx->rax;
	__u64 base = gp, sp = 0;
	if ((unwind.through_panic && read_user(&base, sizeof(base), gp + unwind.panic_offset)) ||
	    read_user(&sp, sizeof(sp), base + unwind.sp_offset) || !sp) {
		count_loss(spec.probe, LOSS_READ_FAILED);
		return 0;
	}
	unwind_to(process, gp, sp);
	return 0;
}

/* func Goexit(): the goroutine's calls end here, without a return. */
SEC("uprobe")
int on_goexit(struct pt_regs *ctx)
{
	keep_own_stack();
	if (grows_stack(ctx) || !handles_hit(PROGRAM_UNWIND))
		return 0;
	count_hit(0);
	__u32 process = counted_process(0);
	if (process)
		unwind_to(process, ctx->r14, 0);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
