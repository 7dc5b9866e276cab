/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Which process was hit. A process is a number of ours, given at its first hit and never used again: a pid may be. */
#ifndef LIB_PROCESS_BPF_H
#define LIB_PROCESS_BPF_H

#include "lib/losses.bpf.h"
#include "lib/user_read.bpf.h"

/* include/linux/pid_namespace.h: MAX_PID_NS_LEVEL */
#define PID_NAMESPACE_LEVELS 33

/* A process has a pid in its own pid namespace and in each one above it; bpf_get_ns_current_pid_tgid() knows its own only. */
static __noinline __u32 pid_in_namespace(struct task_struct *task)
{
	struct pid *pid = task ? task->group_leader->thread_pid : 0;
	if (!pid)
		return 0;
	const __u32 level = pid->level;
	const void *numbers = (const void *)pid + bpf_core_field_offset(struct pid, numbers);
	for (__u32 i = 0; i < PID_NAMESPACE_LEVELS && i <= level; i++) {
		struct upid *at = (void *)numbers + i * bpf_core_type_size(struct upid);
		if (BPF_CORE_READ(at, ns, ns.inum) == pid_namespace)
			return BPF_CORE_READ(at, nr);
	}
	return 0;
}

/* The pid of a task's process as the exporter sees it, 0 where it does not see it. */
static __always_inline __u32 pid_for_userspace(struct task_struct *task)
{
	return pid_namespace ? pid_in_namespace(task) : (__u32)task->tgid;
}

/* What userspace can neither see nor has numbered is no news to it. */
static __always_inline void send_event(enum event_kind kind, struct task_struct *task, __u32 number)
{
	const __u32 pid = pid_for_userspace(task);
	if (!pid && !number)
		return;
	struct process_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__u32 zero = 0;
		__u64 *lost = bpf_map_lookup_elem(&lost_events, &zero);
		if (lost)
			__sync_fetch_and_add(lost, 1);
		return;
	}
	event->kind = kind;
	event->tgid = task->tgid;
	event->number = number;
	event->pid = pid;
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

	record->pid = pid_for_userspace(task);
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
		send_event(EVENT_PROCESS, (void *)bpf_get_current_task_btf(), fresh.number);
	return bpf_map_lookup_elem(&processes, &tgid);
}

/* The current process was numbered by somebody else. */
static __noinline int read_arguments_late(struct process *process)
{
	/* Userspace may classify it meanwhile. */
	if (!process || !__sync_bool_compare_and_swap(&process->classified, PROCESS_UNREAD, 0))
		return 0;
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
	const __u32 classified = process->classified;
	if (classified == PROCESS_UNREAD)
		read_arguments_late(process);
	if (classified == process->number && !(process->services & spec.services)) {
		count_stranger_hit(at_return);
		return 0;
	}
	return process->number;
}

#endif
