/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Reading the memory of the process that was hit. */
#ifndef LIB_USER_READ_BPF_H
#define LIB_USER_READ_BPF_H

#include "lib/spec.bpf.h"

/* A sleepable program faults missing pages in; elsewhere such a read fails and the caller counts it. */
static __always_inline long read_user(void *to, __u32 size, __u64 address)
{
	if (spec.sleepable)
		return bpf_copy_from_user(to, size, (const void *)address);
	return bpf_probe_read_user(to, size, (const void *)address);
}

#endif
