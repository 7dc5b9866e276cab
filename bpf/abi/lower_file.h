/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* What bpf/real_file.bpf.c tells of a file. */
#ifndef ABI_LOWER_FILE_H
#define ABI_LOWER_FILE_H

#include <linux/types.h>

struct lower_file {
	__u64 device;  /* as the kernel keeps it: major << 20 | minor */
	__u64 inode;
};

#endif
