// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Births and deaths of processes: a number ends with the image it was given to. No tracefs is needed for tp_btf. */
#include "lib/process.bpf.h"

/* task -> struct wanted_process. Written by userspace, by pidfd, for processes that are to have a number before they are
 * hit; read by number_wanted. Deleted by userspace afterwards. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct wanted_process);
} wanted_processes SEC(".maps");

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

/* The new image runs no instruction of its own before this. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	__u32 tgid = task->tgid;
	send_event(EVENT_EXEC, tgid, retire_number(tgid));
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
	if (number)
		send_event(EVENT_EXIT, tgid, number);
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
	struct process fresh = { .unread = 1 };
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

char LICENSE[] SEC("license") = "Dual MIT/GPL";
