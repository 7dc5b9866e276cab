/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What a probe computes, as a list of operations on sixteen 64-bit registers. The plan stage compiles expressions
 * to it; bpf/lib/operations.bpf.h runs it in the kernel (as constants: the verifier drops what a probe does not do),
 * userspace/collect/evaluate runs the same list over process_vm_readv for polled gauges.
 *
 * One flag accompanies the registers: `valid`. It is set by OP_BEGIN and cleared by a nil on the way, a failed type
 * assertion, an index out of range or unreadable memory. While it is clear, operations that read memory or compare
 * do nothing; comparisons and OP_TRUTH then give 0 and stores store zeros, and both set `valid` again. */
#ifndef ABI_OPERATION_H
#define ABI_OPERATION_H

#include <linux/types.h>

#include "abi/limits.h"

enum operation_code {
	OP_END = 0,        /* the list ends here */
	OP_BEGIN,          /* valid = 1: a new chain begins */
	OP_ARGUMENT,       /* r[d] = integer argument/result register number a (0..8); 9: closure context; 10: SP */
	OP_CAPTURED,       /* r[d] = u64 at values + imm, stored there at entry */
	OP_CONSTANT,       /* r[d] = imm */
	OP_TYPE,           /* r[d] = imm + load bias: the address of a type descriptor */
	OP_LOAD,           /* r[d] = size bytes at r[a] + imm, zero- or (OPERATION_SIGNED) sign-extended; r[a] = 0: invalid */
	OP_LOAD_PAIR,      /* r[d], r[d+1] = two u64 at r[a] + imm: a string, an interface, a slice without its cap */
	OP_EXTEND,         /* r[d] = low size bytes of r[a], extended as OP_LOAD does */
	OP_ADD,            /* r[d] = r[a] + r[b] */
	OP_SUBTRACT,       /* r[d] = r[a] - r[b] */
	OP_MULTIPLY,       /* r[d] = r[a] * r[b] */
	OP_BIT_AND,        /* r[d] = r[a] & r[b] */
	OP_REQUIRE_EQUAL,  /* if r[a] != r[b]: invalid (a type assertion) */
	OP_REQUIRE_ABOVE,  /* if r[a] <= imm, unsigned: invalid (an index against a length) */
	OP_REQUIRE,        /* if r[a] == 0: invalid (a nil where a value is wanted) */
	OP_EQUAL,          /* r[d] = valid && r[a] == r[b]; valid = 1 */
	OP_NOT_EQUAL,
	OP_LESS,           /* signed */
	OP_LESS_EQUAL,
	OP_BELOW,          /* unsigned */
	OP_BELOW_EQUAL,
	OP_STRING_EQUAL,   /* r[d] = valid && the r[b] bytes at r[a] are size bytes of text at imm; valid = 1 */
	OP_STRING_PREFIX,  /* the same for the first size bytes */
	OP_INTERFACE,      /* r[d] = valid && the words r[a], r[b] can be an interface: both 0, or r[a] an itab of the interface
	                      type at imm + load bias; valid = 1. If they cannot, the call is a loss (unlikely_value) */
	OP_TRUTH,          /* r[d] = valid && r[a] != 0; valid = 1 */
	OP_AND,            /* r[d] = r[a] & r[b], of booleans */
	OP_OR,
	OP_NOT,            /* r[d] = !r[a], of a boolean */
	OP_CASE,           /* if r[d] == 0 && r[a] != 0: r[d] = imm: the first true case wins; r[d] begins as 0 */
	OP_STORE,          /* size bytes of (valid ? r[a] : 0) to values + imm; valid = 1 */
	OP_STORE_STRING,   /* valid ? the r[b] bytes at r[a] : "" as a string field of capacity `text` at values + imm;
	                      valid = 1. A field is u16 length (the true one, at most 65535), then `text` bytes. */
	OP_IN_FLIGHT,      /* r[d] = calls of this probe running now on the polled object (userspace only) */
	OP_PANICKED,       /* r[d] = 1 where this call ended by a panic or Goexit, else 0 */
	OP_DYNAMIC_TYPE,   /* r[d] = r[a] - load bias: a type address as the file has it, 0 stays 0 */
};

enum operation_flags {
	OPERATION_SIGNED = 1,
	OPERATION_OPTIONAL = 2,  /* OP_LOAD, OP_LOAD_PAIR: unreadable memory is no loss (the pointer is a guess) */
	OPERATION_GROUP_PATH = 4,  /* OP_STORE_STRING: the text is a path, see GROUPED_CUT */
	OPERATION_IF_ABSENT = 8,  /* OP_STORE, OP_STORE_STRING: one of several values for the same place; the byte before it
	                             says whether one is there. Does nothing where one is or this one is not valid. */
};

/* A path is stored as its route: what follows a '?' or '#' is left out, and segments (between '/') that are decimal
 * digits, eight or more hexadecimal digits, or a UUID are '*'. Of a path that is longer than the field, the segment
 * that does not fit as a whole is left out, too, and the length has this bit. */
enum { GROUPED_CUT = 0x8000, GROUPED_HEX = 8 };

struct operation {
	__u8 code;
	__u8 d;
	__u8 a;
	__u8 b;
	__u8 size;
	__u8 flags;
	__u16 text;
	__u64 imm;
};

ABI_SIZE(struct operation, 16);

#endif
