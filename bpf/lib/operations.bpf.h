/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The operation machine of abi/operation.h. Operations are constants of the program and the loop is unrolled, so
 * each copy of `run_operation` shrinks to the one case it needs when the program is loaded. */
#ifndef LIB_OPERATIONS_BPF_H
#define LIB_OPERATIONS_BPF_H

#include "lib/group_path.bpf.h"
#include "lib/losses.bpf.h"
#include "lib/user_read.bpf.h"

struct machine {
	__u64 r[ABI_REGISTERS];
	__u64 bias;  /* load bias of a position-independent executable */
	__u32 valid;
	__u32 failed_reads;
	__u32 unlikely_values;
};

/* In assembly: the compiler would merge the cases to one load at a computed place, which the verifier refuses for a
 * context ("dereference of modified ctx ptr"). */
#define CONTEXT_WORD(ctx, field)                                                                            \
	({                                                                                                  \
		__u64 word;                                                                                 \
		asm volatile("%0 = *(u64 *)(%1 + %2)"                                                       \
			     : "=r"(word)                                                                   \
			     : "r"(ctx), "i"(offsetof(struct pt_regs, field)));                             \
		word;                                                                                       \
	})

static __always_inline __u64 argument(struct pt_regs *ctx, __u32 index)
{
	switch (index) {
	case 0: return CONTEXT_WORD(ctx, rax);
	case 1: return CONTEXT_WORD(ctx, rbx);
	case 2: return CONTEXT_WORD(ctx, rcx);
	case 3: return CONTEXT_WORD(ctx, rdi);
	case 4: return CONTEXT_WORD(ctx, rsi);
	case 5: return CONTEXT_WORD(ctx, r8);
	case 6: return CONTEXT_WORD(ctx, r9);
	case 7: return CONTEXT_WORD(ctx, r10);
	case 8: return CONTEXT_WORD(ctx, r11);
	case 9: return CONTEXT_WORD(ctx, rdx);
	default: return CONTEXT_WORD(ctx, rsp);
	}
}

static __always_inline __u64 extend(__u64 value, __u32 size, __u32 is_signed)
{
	__u32 shift = 64 - size * 8;
	value <<= shift;
	return is_signed ? (__u64)((__s64)value >> shift) : value >> shift;
}

/* Go never gives a string this long; a wrong length would read garbage. */
#define LONGEST_STRING (1ull << 30)

static __always_inline void load(struct machine *m, void *to, __u32 size, __u64 base, __u64 offset, __u32 flags)
{
	if (!m->valid)
		return;
	if (!base) {
		m->valid = 0;
		return;
	}
	if (read_user(to, size, base + offset)) {
		m->valid = 0;
		if (!(flags & OPERATION_OPTIONAL))
			m->failed_reads++;
	}
}

static __always_inline __u32 text_equal(struct machine *m, __u64 address, __u32 size,
					const volatile char *literal)
{
	__u64 words[ABI_LITERAL / 8] = {};
	__u64 difference = 0;
	if (size > ABI_LITERAL)
		return 0;
	if (size && read_user(words, size, address)) {
		m->failed_reads++;
		return 0;
	}
	for (__u32 i = 0; i < ABI_LITERAL / 8; i++) {
		if (i * 8 >= size)
			break;
		difference |= words[i] ^ *(const volatile __u64 *)(literal + i * 8);
	}
	return difference == 0;
}

/* Of several values for one place, the first that is valid. */
static __always_inline __u32 is_first(struct machine *m, __u8 *to)
{
	if (!m->valid || to[-1])
		return 0;
	to[-1] = 1;
	return 1;
}

static __always_inline void store_string(struct machine *m, __u8 *field, __u32 capacity, __u64 address, __u64 length,
					 __u32 flags)
{
	if ((flags & OPERATION_IF_ABSENT) && !is_first(m, field))
		return;
	if (!m->valid || !length)
		return;
	if (length > LONGEST_STRING) {
		m->failed_reads++;
		return;
	}
	__u64 kept = length;
	if (kept > capacity)
		kept = capacity;
	barrier_var(kept);
	if (kept > capacity)
		return;
	if (read_user(field + 2, kept, address)) {
		m->failed_reads++;
		return;
	}
	if (flags & OPERATION_GROUP_PATH)
		*(__u16 *)field = group_path(field + 2, capacity, length);
	else
		*(__u16 *)field = length > 0xffff ? 0xffff : length;
}

static __always_inline void store(__u8 *to, __u32 size, __u64 value)
{
	switch (size) {
	case 1: *to = value; break;
	case 2: *(__u16 *)to = value; break;
	case 4: *(__u32 *)to = value; break;
	default: *(__u64 *)to = value; break;
	}
}

/* Not inlined: the operations below are there many times. An itab begins with the address of its interface's type. */
static __noinline __u32 is_interface(__u64 itab, __u64 data, __u64 type)
{
	__u64 found = 0;
	if (!itab)
		return !data;
	return !read_user(&found, sizeof(found), itab) && found == type;
}

static __always_inline __u64 expect_interface(struct machine *m, __u64 itab, __u64 data, __u64 type)
{
	const __u32 valid = m->valid;
	m->valid = 1;
	if (!valid)
		return 0;
	const __u32 is_one = is_interface(itab, data, type);
	m->unlikely_values |= !is_one;
	return is_one;
}

static __always_inline void run_operation(struct machine *m, struct pt_regs *ctx, __u8 *captured,
					  const volatile struct operation *op, const volatile char *text)
{
	const __u32 d = op->d & (ABI_REGISTERS - 1), a = op->a & (ABI_REGISTERS - 1);
	const __u32 b = op->b & (ABI_REGISTERS - 1);
	const __u64 imm = op->imm;

	switch (op->code) {
	case OP_BEGIN: m->valid = 1; break;
	case OP_ARGUMENT: m->r[d] = argument(ctx, op->a); break;
	case OP_CAPTURED: m->r[d] = *(__u64 *)(captured + imm); break;
	case OP_CONSTANT: m->r[d] = imm; break;
	case OP_TYPE: m->r[d] = imm + m->bias; break;
	case OP_LOAD: {
		__u64 value = 0;
		load(m, &value, op->size, m->r[a], imm, op->flags);
		m->r[d] = extend(value, op->size, op->flags & OPERATION_SIGNED);
		break;
	}
	case OP_LOAD_PAIR: {
		__u64 pair[2] = {};
		load(m, pair, sizeof(pair), m->r[a], imm, op->flags);
		m->r[d] = pair[0];
		m->r[(d + 1) & (ABI_REGISTERS - 1)] = pair[1];
		break;
	}
	case OP_EXTEND: m->r[d] = extend(m->r[a], op->size, op->flags & OPERATION_SIGNED); break;
	case OP_ADD: m->r[d] = m->r[a] + m->r[b]; break;
	case OP_SUBTRACT: m->r[d] = m->r[a] - m->r[b]; break;
	case OP_MULTIPLY: m->r[d] = m->r[a] * m->r[b]; break;
	case OP_BIT_AND: m->r[d] = m->r[a] & m->r[b]; break;
	case OP_REQUIRE_EQUAL: m->valid &= m->r[a] == m->r[b]; break;
	case OP_REQUIRE_ABOVE: m->valid &= m->r[a] > imm; break;
	case OP_REQUIRE: m->valid &= m->r[a] != 0; break;
	case OP_EQUAL: m->r[d] = m->valid & (m->r[a] == m->r[b]); m->valid = 1; break;
	case OP_NOT_EQUAL: m->r[d] = m->valid & (m->r[a] != m->r[b]); m->valid = 1; break;
	case OP_LESS: m->r[d] = m->valid & ((__s64)m->r[a] < (__s64)m->r[b]); m->valid = 1; break;
	case OP_LESS_EQUAL: m->r[d] = m->valid & ((__s64)m->r[a] <= (__s64)m->r[b]); m->valid = 1; break;
	case OP_BELOW: m->r[d] = m->valid & (m->r[a] < m->r[b]); m->valid = 1; break;
	case OP_BELOW_EQUAL: m->r[d] = m->valid & (m->r[a] <= m->r[b]); m->valid = 1; break;
	case OP_STRING_EQUAL:
		m->r[d] = m->valid && m->r[b] == op->size ? text_equal(m, m->r[a], op->size, text + imm) : 0;
		m->valid = 1;
		break;
	case OP_STRING_PREFIX:
		m->r[d] = m->valid && m->r[b] >= op->size && m->r[b] <= LONGEST_STRING
				  ? text_equal(m, m->r[a], op->size, text + imm)
				  : 0;
		m->valid = 1;
		break;
	case OP_INTERFACE: m->r[d] = expect_interface(m, m->r[a], m->r[b], imm + m->bias); break;
	case OP_TRUTH: m->r[d] = m->valid & (m->r[a] != 0); m->valid = 1; break;
	case OP_AND: m->r[d] = m->r[a] & m->r[b]; break;
	case OP_OR: m->r[d] = m->r[a] | m->r[b]; break;
	case OP_NOT: m->r[d] = !m->r[a]; break;
	case OP_CASE:
		if (!m->r[d] && m->r[a])
			m->r[d] = imm;
		break;
	case OP_STORE:
		if (!(op->flags & OPERATION_IF_ABSENT) || is_first(m, captured + imm))
			store(captured + imm, op->size, m->valid ? m->r[a] : 0);
		m->valid = 1;
		break;
	case OP_STORE_STRING: store_string(m, captured + imm, op->text, m->r[a], m->r[b], op->flags); m->valid = 1; break;
	case OP_PANICKED: m->r[d] = 0; break; /* a call that returns did not panic */
	case OP_DYNAMIC_TYPE: m->r[d] = m->r[a] ? m->r[a] - m->bias : 0; break;
	default: break;
	}
}

static __always_inline void run_operations(struct machine *m, struct pt_regs *ctx, __u8 *captured,
					   const volatile struct phase_spec *phase)
{
#pragma unroll
	for (int i = 0; i < ABI_OPERATIONS; i++) {
		if (i >= phase->operation_count)
			break;
		run_operation(m, ctx, captured, &phase->operations[i], phase->text);
	}
}

#endif
