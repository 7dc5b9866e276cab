/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which process was hit. A process is a number of ours, given at its first hit and never used again: a pid may be. */
#ifndef LIB_PROCESS_BPF_H
#define LIB_PROCESS_BPF_H

#include "lib/losses.bpf.h"
#include "lib/user_read.bpf.h"

/* The pid of the current process in the exporter's namespace, 0 where it has none there. */
static __always_inline __u32 pid_for_userspace(void)
{
	struct bpf_pidns_info info = {};
	if (bpf_get_ns_current_pid_tgid(pid_namespace_device, pid_namespace_inode, &info, sizeof(info)))
		return 0;
	return info.tgid;
}

static __always_inline void send_event(enum event_kind kind, __u32 tgid, __u32 number)
{
	struct process_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event)
		return;
	event->kind = kind;
	event->tgid = tgid;
	event->number = number;
	event->pid = pid_for_userspace();
	bpf_ringbuf_submit(event, 0);
}

/* At the first hit: before the program can rewrite its argv for long, and also from processes that will be gone when
 * userspace looks. */
static __always_inline void read_arguments(struct process_record *record)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	__u64 start = mm ? mm->arg_start : 0;
	__u64 length = mm ? mm->arg_end - start : 0;

	if (length > ABI_ARGUMENTS)
		length = ABI_ARGUMENTS;
	barrier_var(length);
	if (length <= ABI_ARGUMENTS && !read_user(record->arguments, length, start))
		record->arguments_length = length;
}

/* Fills in what tells the current process apart, all but its tgid. */
static __always_inline void describe_process(struct process_record *record)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	record->pid = pid_for_userspace();
	record->start_time_ns = task->group_leader->start_boottime;
	record->cgroup = bpf_get_current_cgroup_id();
	read_arguments(record);
}

/* The record of a number that was never used before; 0 where there is no room. */
static __always_inline struct process_record *new_record(__u32 *number)
{
	__u32 zero = 0;
	__u32 *last = bpf_map_lookup_elem(&last_number, &zero);
	struct process_record *blank = bpf_map_lookup_elem(&blank_record, &zero);
	if (!last || !blank)
		return 0;
	*number = __sync_fetch_and_add(last, 1) + 1;
	if (bpf_map_update_elem(&process_records, number, blank, BPF_NOEXIST))
		return 0;
	return bpf_map_lookup_elem(&process_records, number);
}

/* Makes a number valid; -1 where the process has one already. Userspace passes over the record until it has a tgid. */
static __always_inline int publish_number(__u32 tgid, struct process *fresh, struct process_record *record)
{
	if (bpf_map_update_elem(&processes, &tgid, fresh, BPF_NOEXIST)) {
		bpf_map_delete_elem(&process_records, &fresh->number);
		return -1;
	}
	barrier();
	record->tgid = tgid;
	return 0;
}

static __noinline struct process *number_process(__u32 tgid)
{
	struct process fresh = {};
	struct process_record *record = new_record(&fresh.number);
	if (!record)
		return 0;
	describe_process(record);
	/* Another thread may have been first. */
	if (!publish_number(tgid, &fresh, record))
		send_event(EVENT_PROCESS, tgid, fresh.number);
	return bpf_map_lookup_elem(&processes, &tgid);
}

/* The current process was numbered by somebody else. */
static __noinline int read_arguments_late(struct process *process)
{
	if (!process)
		return 0;
	process->unread = 0;
	__u32 number = process->number;
	struct process_record *record = bpf_map_lookup_elem(&process_records, &number);
	if (record)
		read_arguments(record);
	return 0;
}

/* The number of the current process, 0 where this probe does not count it (or it could not be numbered, which is a
 * loss). A process that userspace has not classified yet is counted under its number. */
static __always_inline __u32 counted_process(__u32 at_return)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct process *process = bpf_map_lookup_elem(&processes, &tgid);
	if (!process)
		process = number_process(tgid);
	if (!process) {
		count_loss(spec.probe, LOSS_PROCESSES_FULL);
		return 0;
	}
	if (process->unread && !process->classified)
		read_arguments_late(process);
	if (process->classified && !(process->services & spec.services)) {
		count_stranger_hit(at_return);
		return 0;
	}
	return process->number;
}

#endif
