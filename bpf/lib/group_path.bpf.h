/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Paths to routes, in place: a replaced segment is never longer than it was. The same as collect/group_path, which it
 * is tested against.
 *
 * The verifier follows every way through every round of a loop, so a round has one way: what depends on a character is
 * computed with masks instead of branches, and at its end all variables lose their known bounds (FORGET). */
#ifndef LIB_GROUP_PATH_BPF_H
#define LIB_GROUP_PATH_BPF_H

#include "lib/kernel.bpf.h"

/* What a character is not, and what it is. */
enum {
	ODD_DECIMAL = 1,
	ODD_HEX = 2,
	ODD_UUID = 4,  /* of a segment: not a UUID so far */
	NOT_DASH = 8,
	IS_SLASH = 16,
};

/* 1 for negative numbers. The compiler, which would make a branch of it, does not see what it is. */
static __always_inline __u64 is_negative(__u64 number)
{
	barrier_var(number);
	return number >> 63;
}

static __always_inline __u64 differs(__u64 one, __u64 other)
{
	return is_negative(0 - (one ^ other));
}

static __always_inline __u64 kind_of(__u64 c)
{
	const __u64 letter = c | 0x20;
	const __u64 is_digit = is_negative('0' - 1 - c) & is_negative(c - '9' - 1);
	const __u64 is_hex = is_digit | (is_negative('a' - 1 - letter) & is_negative(letter - 'f' - 1));

	return (is_digit ^ 1) | (is_hex ^ 1) << 1 | differs(c, '-') << 3 | (differs(c, '/') ^ 1) << 4;
}

/* Places of the dashes in a UUID, as bits. */
#define UUID_DASHES (1ull << 8 | 1ull << 13 | 1ull << 18 | 1ull << 23)
#define UUID_LENGTH 36

/* Whether a segment of this length is an identifier. */
static __always_inline __u64 is_identifier(__u64 length, __u64 odd)
{
	const __u64 is_decimal = is_negative(0 - length) & ~odd;
	const __u64 is_hex = ~is_negative(length - GROUPED_HEX) & ~(odd >> 1);
	const __u64 is_uuid = ~differs(length, UUID_LENGTH) & ~(odd >> 2);

	return (is_decimal | is_hex | is_uuid) & 1;
}

static __always_inline __u64 choose(__u64 mask, __u64 where_set, __u64 otherwise)
{
	return otherwise ^ ((otherwise ^ where_set) & mask);
}

/* Zero, of which the verifier does not know that it is. */
static __always_inline __u64 hidden_zero(__u64 anything)
{
	__u64 next = anything;

	barrier_var(next);
	next++;
	return ((anything * next) & 1) * ~0ull;
}

#define FORGET(variable, zero) asm volatile("%0 += %1" : "+r"(variable) : "r"(zero))

/* Of the `length` bytes of a text the first `capacity` lie at `text`. Returns the length of what is left, with
 * GROUPED_CUT; what lies behind it is zero. */
static __noinline __u32 group_path(__u8 *text, __u32 capacity, __u64 length)
{
	const __u64 zero = hidden_zero(length);
	__u64 kept = length > capacity ? capacity : length;
	__u64 cut = length > capacity ? GROUPED_CUT : 0;
	__u64 end = zero, start = zero, odd = zero;

	for (__u32 i = 0; i < ABI_STRING; i++) {
		FORGET(kept, zero);
		if (i >= capacity || i >= kept)
			break;
		const __u64 c = text[i];
		if (c == '?' || c == '#') {
			cut = 0;
			break;
		}
		const __u64 kind = kind_of(c);
		const __u64 slash = kind >> 4 & 1;
		const __u64 replaced = slash & is_identifier(end - start, odd);
		const __u64 dash = UUID_DASHES >> ((end - start) & 63) & 1;
		const __u64 odd_uuid = choose(0 - dash, kind >> 3, kind >> 1) & 1;
		__u64 at = choose(0 - replaced, start, end);
		if (at >= capacity)
			break;
		text[at] = choose(0 - replaced, '*', c);
		at += replaced;
		if (at >= capacity)
			break;
		text[at] = c;
		end = at + 1;
		start = choose(0 - slash, end, start);
		odd = (odd | (kind & (ODD_DECIMAL | ODD_HEX)) | odd_uuid << 2) & ~(0 - slash);
		FORGET(end, zero);
		FORGET(start, zero);
		FORGET(odd, zero);
	}
	FORGET(cut, zero);
	FORGET(end, zero);
	FORGET(start, zero);
	FORGET(odd, zero);
	if (cut) {
		end = start;
	} else if (is_identifier(end - start, odd) && start < capacity) {
		text[start] = '*';
		end = start + 1;
	}
	for (__u32 i = 0; i < ABI_STRING; i++) {
		if (i >= capacity)
			break;
		text[i] &= 0 - is_negative(i - end);
	}
	return end | cut;
}

#endif
