// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Births and deaths of processes: a number ends with the image it was given to. No tracefs is needed for tp_btf. */
#include "lib/process.bpf.h"

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

char LICENSE[] SEC("license") = "Dual MIT/GPL";
