/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Whether this program or another generation of it handles a hit (abi/maps.h, enum gate_phase). */
#ifndef LIB_GATE_BPF_H
#define LIB_GATE_BPF_H

#include "lib/maps.bpf.h"
#include "lib/spec.bpf.h"

/* The older of two: the newer one has run at this hit already. Without a mark it did not look yet, or is not there. */
static __always_inline int keeps_hit(struct handover_key *key)
{
	key->probe = spec.probe;
	__u32 *mark = bpf_map_lookup_elem(&handover_marks, key);
	const __u32 taken = mark ? *mark : 0;
	if (mark)
		bpf_map_delete_elem(&handover_marks, key);
	return !taken;
}

/* The newer of two. One that cannot leave its mark leaves the hit to the older. */
static __always_inline int takes_hit(struct handover_key *key, __u32 taken)
{
	key->probe = spec.replaces;
	if (spec.replaces != NO_PROBE && bpf_map_update_elem(&handover_marks, key, &taken, BPF_ANY))
		return 0;
	return taken;
}

static __noinline int handles_hit_in_handover(__u64 gate, __u32 program)
{
	const __u64 phase = gate & ((1 << GATE_PHASE_BITS) - 1);
	const __u64 older = (gate >> GATE_PHASE_BITS) - (phase == GATE_TAKEN);
	struct handover_key key = { .thread = bpf_get_current_pid_tgid(), .program = program };

	if (phase == GATE_STEADY || phase == GATE_SHUT)
		return 0;
	if (spec.generation == older)
		return keeps_hit(&key);
	return spec.generation == older + 1 && takes_hit(&key, phase == GATE_TAKEN);
}

static __always_inline __u64 gate_word(void)
{
	__u32 index = spec.gate;
	__u64 *gate = bpf_map_lookup_elem(&gates, &index);
	return gate ? *(volatile __u64 *)gate : 0;
}

/* Whether this generation counts, and no other looks at the same hits. */
static __always_inline int is_steady(__u64 word)
{
	return word == ((__u64)spec.generation << GATE_PHASE_BITS | GATE_STEADY);
}

static __always_inline int handles_hit(enum program_kind program)
{
	const __u64 word = gate_word();

	return is_steady(word) ? 1 : handles_hit_in_handover(word, program);
}

#endif
