// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Which inode lies behind a file on overlayfs: the one that breakpoints are set in. Only the kernel can tell. */
#include "lib/kernel.bpf.h"

#include "abi/lower_file.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct super_block {
	__u32 s_dev;
};

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
};

/* struct file is in lib/kernel.bpf.h, where others need other members of it. */
struct file___with_inode {
	struct inode *f_inode;
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct file___with_inode *vm_file;
};

struct bpf_iter__task_vma {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct vm_area_struct *vma;
};
#pragma clang attribute pop

/* An address of the reading process at which it has mapped the file. Written by userspace before it reads. */
__u64 mapped_at;

/* Writes struct lower_file for the mapping at `mapped_at` of the process that reads the iterator. */
SEC("iter/task_vma")
int find_real_file(struct bpf_iter__task_vma *at)
{
	struct task_struct *task = at->task;
	struct vm_area_struct *vma = at->vma;
	if (!task || !vma || task->tgid != (int)(bpf_get_current_pid_tgid() >> 32))
		return 0;
	struct file___with_inode *file = vma->vm_file;
	if (mapped_at < vma->vm_start || mapped_at >= vma->vm_end || !file)
		return 0;
	struct lower_file found = { .device = file->f_inode->i_sb->s_dev, .inode = file->f_inode->i_ino };
	bpf_seq_write(at->meta->seq, &found, sizeof(found));
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
