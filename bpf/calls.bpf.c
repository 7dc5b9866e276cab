// SPDX-License-Identifier: GPL-2.0 OR MIT
/* What userspace does to the calls in flight of one binary, beside the goroutines that change them. Loaded once per
 * binary, with its maps and its frame_stride. */
#include "lib/frame.bpf.h"

/* Run by userspace for a call that it saw to be over: its frame is no longer on the stack. 1: it is ended now; 0: the
 * goroutine has changed it meanwhile. Its start is what makes it one and no other: a new call in that place has another. */
SEC("syscall")
int end_call(struct ended_call *call)
{
	struct goroutine_key key = { .process = call->key.process, .goroutine = call->key.goroutine };
	struct goroutine *g = bpf_map_lookup_elem(&goroutines, &key);
	if (!g || call->index >= g->count)
		return 0;
	struct frame *frame = frame_at(g, &key, call->index);
	if (!frame || frame->depth != call->depth || frame->probe != call->probe)
		return 0;
	if (!__sync_bool_compare_and_swap(&frame->start_ns, call->start_ns, START_ENDED))
		return 0;
	if (call->end == CALL_LOST)
		count_loss(call->probe, LOSS_NO_ENTRY);
	/* One that began before us was never counted. */
	if (call->end == CALL_UNWOUND && call->start_ns != START_UNKNOWN)
		count_unwound(frame);
	return 1;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
