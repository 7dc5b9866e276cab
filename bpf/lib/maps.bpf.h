/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* All maps. Sizes given as 1 are set by userspace before the load; each map says key, value, who writes, who reads,
 * and how entries go. */
#ifndef LIB_MAPS_BPF_H
#define LIB_MAPS_BPF_H

#include "abi/maps.h"
#include "lib/kernel.bpf.h"

/* ---- one set per exporter ---------------------------------------------------------------------------------- */

/* tgid -> struct process. Written at a process's first hit and by userspace when it classifies; read at every hit.
 * Deleted at exec and at exit. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct process));
} processes SEC(".maps");

/* process number -> struct process_record. Written with the number; read by userspace, which deletes the entry when
 * the process is gone and its counts are folded. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct process_record));
} process_records SEC(".maps");

/* process number -> bits of its services. For userspace alone: written when it has classified a process, read by the next
 * exporter, which finds processes that are gone. Deleted with the record. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} process_services SEC(".maps");

/* process_label_key -> struct process_label. For userspace alone: written when a label of a process has been learned, read by
 * the next exporter. Deleted with the record. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct process_label_key));
	__uint(value_size, sizeof(struct process_label));
} process_labels SEC(".maps");

/* 0 -> an empty struct process_record: what a new one is copied from. Never written. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct process_record));
} blank_record SEC(".maps");

/* 0 -> the last process number given. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} last_number SEC(".maps");

/* struct process_event, kernel to userspace. A full buffer loses events: they are counted, and userspace looks at all of
 * /proc. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

/* 0 -> events that found the buffer full. Written by whoever has news; read by userspace. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} lost_events SEC(".maps");

/* probe * 2 (entry) or probe * 2 + 1 (return) -> hits. Written at every hit, of strangers too; read by userspace. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_PROBES * 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} hits SEC(".maps");

/* The same, of hits by processes that the probe does not count: they pay for the trap alone. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_PROBES * 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} stranger_hits SEC(".maps");

/* probe * LOSS_REASONS + reason -> losses. Written where something is lost; read by userspace. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_PROBES * LOSS_REASONS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} losses SEC(".maps");

/* gate of a unit -> generation and phase (abi/maps.h). Written by userspace when programs begin or hand over; read at
 * every hit. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_GATES);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} gates SEC(".maps");

/* handover_key -> who handles the hit. Written by the newer and deleted by the older of two generations that hand over;
 * what stays is overwritten by the thread's next hit, and deleted by userspace when the handover is done. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(key_size, sizeof(struct handover_key));
	__uint(value_size, sizeof(__u32));
} handover_marks SEC(".maps");

/* ---- one set per binary ------------------------------------------------------------------------------------ */

/* goroutine_key -> struct goroutine and ABI_FRAMES frames. Written by the goroutine itself at entries and returns;
 * read by userspace for gauges of calls in flight. Deleted when its last frame goes, and by userspace with the
 * process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct goroutine_key));
	__uint(value_size, sizeof(struct goroutine));
} goroutines SEC(".maps");

/* 0 -> an empty value of `goroutines`: what a new one is copied from. Never written. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct goroutine));
} blank_goroutine SEC(".maps");

/* spilled_key -> one frame. Written and read like `goroutines`; an entry is used again at the next call of that
 * depth and deleted with the goroutine's record. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(key_size, sizeof(struct spilled_key));
	__uint(value_size, sizeof(struct frame));
} spilled SEC(".maps");

/* unwound_key and values -> calls ended by a panic or Goexit. Written where a frame is dropped; read and deleted with
 * the process by userspace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct unwound_key));
	__uint(value_size, sizeof(__u64));
} unwound SEC(".maps");

/* object_key -> captured values. Written by pairs, polls and identities; read by userspace. Deleted by the other side
 * of a pair, else by userspace with the process. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct object_key));
	__uint(value_size, sizeof(__u64));
} objects SEC(".maps");

/* index -> struct scratch. Claimed by one program at a time (uprobe programs are preemptible, so a buffer per CPU
 * alone would not do). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct scratch));
} scratches SEC(".maps");

/* ---- one set per probe ------------------------------------------------------------------------------------- */

/* series_key and label values -> slot in `values` and `slabs`. Written at the first hit of a series; read at every hit and by
 * userspace, which deletes those of processes that are gone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(struct series_key));
	__uint(value_size, sizeof(__u32));
} series SEC(".maps");

/* slot -> u64s: counts, sums and buckets of all metrics that the probe feeds. Added to at a hit by all CPUs, where the
 * slot's slab is not there; read by userspace, which adds what is in the slab. Zeroed by userspace when the series goes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u64));
} values SEC(".maps");

/* slot >> slab_shift -> a slab: a per-CPU array of 1 << slab_shift elements like those of `values`, for as many slots.
 * Added to at every hit, per CPU; read by userspace, which puts slabs there as slots come into use (attach/series_slabs)
 * and never takes one away. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} slabs SEC(".maps");

/* 0 -> struct series_cursor. Written when a series gets its slot and when a call gets no frame; read by userspace. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(struct series_cursor));
} cursor SEC(".maps");

/* Slots of series that are gone, zeroed, as a ring (abi/maps.h). Written by userspace, read when a series gets its
 * slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} free_slots SEC(".maps");

#endif
