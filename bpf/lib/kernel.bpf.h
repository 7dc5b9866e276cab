/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The few kernel structs that are read, relocated to the running kernel by BTF. */
#ifndef LIB_KERNEL_BPF_H
#define LIB_KERNEL_BPF_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <asm/ptrace.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct mm_struct {
	unsigned long start_code;
	unsigned long arg_start;
	unsigned long arg_end;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

/* A process as one pid namespace sees it. */
struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;      /* of the namespace it was made in: 0 is the initial one */
	struct upid numbers[];   /* one for each level down to there */
};

/* Only with CONFIG_X86_USER_SHADOW_STACK (6.6). */
struct thread_struct {
	unsigned long features;
};

struct task_struct {
	int pid;
	int tgid;
	struct css_set *cgroups;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct signal_struct *signal;
	struct mm_struct *mm;
	__u64 start_boottime;
	struct thread_struct thread;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
};

struct linux_binprm {
	struct file *file;
};

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
#pragma clang attribute pop

#define barrier_var(var) asm volatile("" : "+r"(var))

#endif
