/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The program's own constants. Userspace fills them before the load and the verifier then knows every one of them:
 * a branch on them costs nothing, and what this probe does not do is not in the loaded program. */
#ifndef LIB_SPEC_BPF_H
#define LIB_SPEC_BPF_H

#include "abi/probe_spec.h"
#include "lib/kernel.bpf.h"

const volatile struct probe_spec spec SEC(".rodata");
const volatile struct unwind_spec unwind SEC(".rodata");

/* The pid namespace that userspace sees processes in, 0: the initial one. */
const volatile __u32 pid_namespace SEC(".rodata");

#endif
