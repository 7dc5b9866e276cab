/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Kernels from 6.13 on give a program of this type one stack per CPU, as if a program could not be entered again before it
 * has left. A uprobe's can: while it sleeps in a read, or is preempted, another thread may be hit on the same CPU, and
 * overwrites what the first has on its stack. A program with a tail call keeps to the stack of its thread. */
#ifndef LIB_OWN_STACK_BPF_H
#define LIB_OWN_STACK_BPF_H

#include "lib/spec.bpf.h"

/* To be called first in each program. The tail call is never made: the verifier sees that it is there, that nothing leads
 * to it, and removes it. */
static __always_inline void keep_own_stack(void)
{
	if (spec.sleepable > 1)
		asm volatile("call %[tail_call]" : : [tail_call] "i"(BPF_FUNC_tail_call)
			     : "r0", "r1", "r2", "r3", "r4", "r5", "memory");
}

#endif
