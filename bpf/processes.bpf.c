// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Births and deaths of processes: a number ends with the image it was given to. No tracefs is needed for tp_btf. */
#include "lib/process.bpf.h"

/* task -> struct wanted_process. Written by userspace, by pidfd, for the processes of services: they are to have a number
 * before they are hit, and their exec, forks and exit are news. Each exporter has its own: while one hands over to another,
 * the programs of both run, and only the first of them finds a number to retire. Goes with the task. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct wanted_process);
} wanted_processes SEC(".maps");

static __always_inline int is_wanted(struct task_struct *task)
{
	return task && bpf_task_storage_get(&wanted_processes, task, 0, 0);
}

/* file_name -> 1: an exec of such a file is news. An empty name: every exec is. Written by userspace, which knows what its
 * services match; read at each exec on the machine. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ABI_SERVICES + 1);
	__uint(key_size, sizeof(struct file_name));
	__uint(value_size, sizeof(__u32));
} followed_names SEC(".maps");

/* Whether the kernel lets programs read its strings (not in the lockdown mode "confidentiality"). */
const volatile __u32 reads_names SEC(".rodata");

static __always_inline __u32 retire_number(__u32 tgid)
{
	struct process *process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process)
		return 0;
	__u32 number = process->number;
	bpf_map_delete_elem(&processes, &tgid);
	struct process_record *record = bpf_map_lookup_elem(&process_records, &number);
	if (record)
		record->exited = 1;
	return number;
}

/* Whether a service may match the file: most execs on a machine are nothing to us, and waking userspace is dear. */
static __always_inline int is_followed(struct file *file)
{
	struct file_name every = {}, name = {};

	if (!reads_names || bpf_map_lookup_elem(&followed_names, &every))
		return 1;
	/* One that is mounted by itself has the name of its mount point in its path. */
	if (file->f_path.mnt->mnt_root == file->f_path.dentry)
		return 1;
	if (bpf_probe_read_kernel_str(name.text, sizeof(name.text), file->f_path.dentry->d_name.name) < 0)
		return 1;
	/* The helper leaves what is behind the NUL as it was. */
	return bpf_map_lookup_elem(&followed_names, &name) != 0;
}

/* The new image runs no instruction of its own before this. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *binprm)
{
	__u32 number = retire_number(task->tgid);
	if (number || is_wanted(task) || is_followed(binprm->file))
		send_event(EVENT_EXEC, task, number);
	return 0;
}

/* A child that goes on as its parent's service. One that shares its memory (vfork) will exec, and is no news before. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	__u32 tgid = parent->tgid;
	if (child->tgid == parent->tgid || child->mm == parent->mm)
		return 0;
	struct process *process = bpf_map_lookup_elem(&processes, &tgid);
	const int may_be_ours = process && (process->classified != process->number || process->services);
	if (may_be_ours || is_wanted(parent->group_leader))
		send_event(EVENT_FORK, child, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	/* do_exit() has taken this thread off already: 0 means that it was the last. */
	if (task->signal->live.counter)
		return 0;
	__u32 tgid = task->tgid;
	__u32 number = retire_number(tgid);
	if (number || is_wanted(task->group_leader))
		send_event(EVENT_EXIT, task, number);
	return 0;
}

/* Gives numbers to the tasks of `wanted_processes` that have none. Their argv is read at their first hit. */
SEC("iter/task")
int number_wanted(struct bpf_iter__task *at)
{
	struct task_struct *task = at->task;
	if (!task || task->pid != task->tgid)
		return 0;
	struct wanted_process *wanted = bpf_task_storage_get(&wanted_processes, task, 0, 0);
	__u32 tgid = task->tgid;
	if (!wanted || bpf_map_lookup_elem(&processes, &tgid))
		return 0;
	struct process fresh = { .classified = PROCESS_UNREAD };
	struct process_record *record = new_record(&fresh.number);
	if (!record)
		return 0;
	record->pid = wanted->pid;
	record->start_time_ns = task->start_boottime;
	record->cgroup = task->cgroups->dfl_cgrp->kn->id;
	if (!publish_number(tgid, &fresh, record) && !task->signal->live.counter)
		retire_number(tgid); /* on_exit may have come too early to see it */
	return 0;
}

/* Run by userspace when it knows whose a process is. The element may go meanwhile, and serve for another process: it is
 * unclassified while it is written, and again where it has another number by then. */
SEC("syscall")
int classify_process(struct classified_process *known)
{
	__u32 tgid = known->tgid;
	struct process *process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process || process->number != known->number)
		return 0;
	if (*(volatile __u64 *)&process->services != known->services) {
		__sync_lock_test_and_set(&process->classified, 0);
		*(volatile __u64 *)&process->services = known->services;
	}
	__sync_lock_test_and_set(&process->classified, known->number);
	return 1;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
