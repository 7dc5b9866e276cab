/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What RET does, done by writing registers: rip = the word at rsp, rsp += 8. A kernel (6.19 on) that sees another rip
 * after the programs of a hit does not run the probed instruction: the second trap of a single step is saved.
 *
 * Several programs may be at one RET: other probes, other services' units, another exporter. Each sees what those
 * before it have left in the registers. So one that finds the return done takes it back, works as if it were first, and
 * does it again: whatever the order and the number of programs, the instruction is done once. */
#ifndef LIB_RETURN_BPF_H
#define LIB_RETURN_BPF_H

#include "lib/gate.bpf.h"
#include "lib/site.bpf.h"
#include "lib/user_read.bpf.h"

#define X86_FLAGS_TRAP (1ull << 8)
#define X86_USER_CODE_SEGMENT 0x33
#define X86_FEATURE_SHADOW_STACK 1
#define USER_ADDRESS_BITS 47

/* Where the probed RET is in this process: what rip was when the breakpoint was hit. */
static __always_inline __u64 return_site(struct pt_regs *ctx)
{
	const __u64 address = site_address(ctx);
	if (!spec.position_independent)
		return address;
	struct mm_struct *mm = ((struct task_struct *)bpf_get_current_task_btf())->mm;
	return mm ? address + mm->start_code - spec.code_address : address;
}

/* Takes back a return that an earlier program of this hit has done, and gives its target; 0 where none has. Another rip
 * alone proves nothing (the file may be mapped twice): the word that RET takes is below the stack pointer afterwards.
 * Nor does that word alone: a goroutine that was preempted at this very RET has its address there. */
static __always_inline __u64 undo_return(struct pt_regs *ctx)
{
	const __u64 site = return_site(ctx), target = ctx->rip;
	__u64 taken = 0;
	if (target == site || read_user(&taken, sizeof(taken), ctx->rsp - 8) || taken != target)
		return 0;
	ctx->rip = site;
	ctx->rsp -= 8;
	return target;
}

/* Whether this thread's processor would do no more than take a word from the stack: it might compare it with a shadow
 * stack, trap after the instruction for a debugger, or take four bytes (a far jump leads to 32-bit code). */
static __always_inline int returns_plainly(struct pt_regs *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	if (bpf_core_field_exists(task->thread.features) && task->thread.features & X86_FEATURE_SHADOW_STACK)
		return 0;
	return ctx->cs == X86_USER_CODE_SEGMENT && !(ctx->eflags & X86_FLAGS_TRAP);
}

/* Does the return, again where `done` was its target. Where it cannot be done nothing is, and the kernel steps: while
 * two generations share the hits, so that the older one need not know about this; where the stack cannot be read; where
 * the target is no address of a user, so that the fault is the processor's own. */
static __always_inline void do_return(struct pt_regs *ctx, __u64 done)
{
	__u64 target = done;
	if (!target) {
		if (!is_steady(gate_word()) || !returns_plainly(ctx) ||
		    read_user(&target, sizeof(target), ctx->rsp) || target >> USER_ADDRESS_BITS)
			return;
	}
	ctx->rip = target;
	ctx->rsp += 8;
}

#endif
