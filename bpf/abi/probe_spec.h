/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What one probe program does: constants of that program (rodata), written before it is loaded. */
#ifndef ABI_PROBE_SPEC_H
#define ABI_PROBE_SPEC_H

#include "abi/limits.h"
#include "abi/operation.h"

enum record_kind {
	RECORD_NONE = 0,
	RECORD_COUNT,      /* slot[slot] += 1, or += r[value] */
	RECORD_HISTOGRAM,  /* slot[slot] += observation, slot[slot + 1 + bucket] += 1; bucket `bounds` is above the last */
	RECORD_SET,        /* slot[slot] = r[value], slot[slot + 1] = now: the newest over all CPUs is the value */
	RECORD_OBJECT_ADD,     /* objects[process, object, r[value]] = the captured values, if it is not there */
	RECORD_OBJECT_REMOVE,  /* delete objects[process, object, r[value]] */
	RECORD_CONTRIBUTE, /* copy this program's values to the frame of probe `target` this call runs in */
};

enum record_source {
	SOURCE_NONE = 0xff,      /* as `value`: count 1; as `when`: always */
	SOURCE_DURATION = 0xfe,  /* as `value`: ns from entry to return */
};

struct record_spec {
	__u8 kind;
	__u8 value;         /* a register, or SOURCE_* */
	__u8 when;          /* a register that must not be 0, or SOURCE_NONE */
	__u8 bounds;        /* RECORD_HISTOGRAM: number of finite bounds */
	__u16 slot;         /* first slot of the value */
	__u16 bound;        /* RECORD_HISTOGRAM: index of its first bound in probe_spec.bounds */
	__u32 object;       /* RECORD_OBJECT_*: number of the set of objects; both sides of a pair share it */
	/* RECORD_CONTRIBUTE: bytes [source, source + length) of the values go to `destination` of the target's. */
	__u16 target;       /* probe number */
	__u16 source;
	__u16 destination;
	__u16 length;
};

ABI_SIZE(struct record_spec, 20);

/* One phase: what runs at an entry site, or at a return site. */
struct phase_spec {
	struct operation operations[ABI_OPERATIONS];
	struct record_spec records[ABI_RECORDS];
	char text[ABI_TEXT];    /* string constants */
	__u16 operation_count;
	__u16 record_count;
	__u8 when;              /* register: where it is 0 the phase ends, nothing is recorded, no frame is kept */
	__u8 pad[3];
};

enum goroutine_kind {
	GOROUTINE_GO = 0,      /* R14 is g */
	GOROUTINE_THREAD = 1,  /* C, C++, Rust: the thread is the flow of control */
};

struct probe_spec {
	struct phase_spec enter;
	struct phase_spec leave;
	__u64 bounds[ABI_BOUNDS];  /* signed integers in the histogram's own unit: ns for durations */
	__u64 services;            /* bit set: services whose processes this probe counts */
	__u64 code_address;        /* of the file's first executable segment: mm->start_code less the load bias */
	__u16 probe;               /* number of this program in the exporter, < ABI_PROBES */
	__u16 key_size;            /* of the series map: struct series_key and the label values behind it */
	__u16 values_size;         /* bytes of captured values of this probe: label values first, then the rest */
	__u16 slots;               /* u64s in one series' value */
	__u16 frame_stride;        /* bytes of one frame in this binary's maps, a multiple of 8 */
	__u8 goroutine;            /* enum goroutine_kind */
	__u8 outermost;
	__u8 framed;               /* a frame is kept from entry to return */
	__u8 sleepable;            /* read with bpf_copy_from_user: faults pages in */
	__u8 loop_helper;          /* bpf_loop exists (5.17) */
	__u8 position_independent; /* type addresses need the load bias */
	__u16 goid_offset;         /* in runtime.g */
	__u16 stack_hi_offset;     /* in runtime.g */
	__u32 series_limit;        /* entries of the series map; slot 0 is the overflow series */
	__u32 generation;          /* of this program in its unit */
	__u16 gate;                /* of the unit */
	__u16 replaces;            /* number of the probe that this one takes the place of, or NO_PROBE */
	__u8 counts_unwound;       /* a call that ends by a panic goes to the `unwound` map, not to the losses */
	__u8 slab_shift;           /* log2 of the slots in a slab */
	__u8 emulates_returns;     /* its return sites are plain RETs and programs may write registers (6.19) */
	__u8 pad[5];
};

/* Where runtime.recovery(gp) finds the stack pointer that the goroutine resumes with:
 * *(*(gp + panic_offset) + sp_offset), or, where through_panic is 0, *(gp + sp_offset). */
struct unwind_spec {
	__u16 panic_offset;
	__u16 sp_offset;
	__u8 through_panic;
	__u8 pad[3];
};

#endif
