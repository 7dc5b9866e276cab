/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What the attach cookie says of the site that was hit. */
#ifndef LIB_SITE_BPF_H
#define LIB_SITE_BPF_H

#include "abi/cookie.h"
#include "lib/spec.bpf.h"

#define X86_FLAGS_BELOW_OR_EQUAL (1ull << 0 | 1ull << 6) /* CF, ZF */

static __always_inline __u32 probed_function(struct pt_regs *ctx)
{
	return bpf_get_attach_cookie(ctx) >> ABI_COOKIE_SHIFT;
}

/* The address in the file's terms. */
static __always_inline __u64 site_address(struct pt_regs *ctx)
{
	return bpf_get_attach_cookie(ctx) & ((1ull << ABI_COOKIE_CHECK) - 1);
}

/* Whether the probed jump of a stack check leads to where the stack is grown: the call begins when the check is passed,
 * after which the function starts again. */
static __always_inline int grows_stack(struct pt_regs *ctx)
{
	return bpf_get_attach_cookie(ctx) & (1ull << ABI_COOKIE_CHECK) && ctx->eflags & X86_FLAGS_BELOW_OR_EQUAL;
}

#endif
