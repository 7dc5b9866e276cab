/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Every number both sides must agree on. Fixed-width structs only in this folder: a test compares their layout in
 * the built BPF objects (BTF) with the compiler's of the exporter. */
#ifndef ABI_LIMITS_H
#define ABI_LIMITS_H

/* Both compilers check the size that both sides rely on. */
#ifdef __cplusplus
#define ABI_SIZE(type, size) static_assert(sizeof(type) == (size), #type " layout")
#else
#define ABI_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " layout")
#endif

enum abi_limits {
	ABI_OPERATIONS = 64,      /* per phase of a probe */
	ABI_REGISTERS = 16,       /* of the operation machine */
	ABI_RECORDS = 8,          /* per probe */
	ABI_BOUNDS = 64,          /* finite histogram bounds per probe, all its histograms together */
	ABI_TEXT = 256,           /* bytes of string constants per phase */
	ABI_FRAMES = 4,           /* calls in flight kept in a goroutine's own record; deeper ones spill */
	ABI_VALUES = 1024,        /* bytes of captured values per call, at most */
	ABI_STRING = 256,         /* bytes kept of one string, at most */
	ABI_LABEL_ID = 256,       /* bytes of the name of a process label, its service's included, at most */
	ABI_LABEL_VALUE = 264,    /* bytes kept of its value: a string and the mark of one that was cut */
	ABI_LITERAL = 64,         /* bytes of one string constant, at most */
	ABI_SCRATCH = 8,          /* scratch frames per CPU */
	ABI_COOKIE_SHIFT = 48,    /* attach cookie: function << 48 | address of the site in the file's terms */
	ABI_ARGUMENTS = 512,      /* bytes kept of a process's argv */
	ABI_SERVICES = 64,        /* services in one config */
	ABI_PROBES = 1024,        /* probe programs of one exporter */
	ABI_GATES = 1024,         /* services times binaries that are probed at once */
};

#endif
