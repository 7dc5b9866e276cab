/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Keys and values of the maps. bpf/lib/maps.bpf.h says who writes and who reads each. */
#ifndef ABI_MAPS_H
#define ABI_MAPS_H

#include <linux/types.h>

#include "abi/limits.h"

/* A process as the exporter numbers it: given in the kernel at the first hit, never used again. */
struct process {
	__u32 number;
	__u32 classified;  /* `number`: userspace has decided, and `services` holds; else 0 or PROCESS_UNREAD */
	__u64 services;    /* bits of the services it belongs to; 0: not ours */
};

/* process.classified: its record has no argv yet, as it was numbered before it was hit. */
enum { PROCESS_UNREAD = 0xffffffff };

/* Kept until userspace deletes it: a process that is gone can still be told. */
struct process_record {
	__u32 tgid;              /* in the initial pid namespace; written last: 0 until the rest is there */
	__u32 pid;               /* in the exporter's, 0 where it has none */
	__u64 start_time_ns;     /* boot time clock */
	__u64 cgroup;
	__u32 exited;
	__u32 arguments_length;
	char arguments[ABI_ARGUMENTS];  /* NUL-separated */
};

/* A label of the process itself, as text: userspace reads it from what a probe has learned, and keeps it for all probes of
 * the process, and for the next exporter. No program uses it. */
struct process_label_key {
	__u32 process;
	__u32 index;  /* from 0 on */
};

struct process_label {
	__u16 id_length;
	__u16 value_length;
	char id[ABI_LABEL_ID];  /* "service/label" */
	char value[ABI_LABEL_VALUE];
};

/* First part of every key of a series map; the label values follow. */
struct series_key {
	__u32 process;
	__u16 function;  /* which of the probe's functions: the cookie's upper 16 bits */
	__u16 pad;
};

/* A call in flight. The key of its series lies inside it, ready for the lookup. */
struct frame {
	__u64 start_ns;   /* or enum frame_start */
	__u32 depth;      /* stack.hi - SP: survives a moved stack */
	__u16 probe;      /* FRAME_DEAD: it has returned; dropped with the frames above it */
	__u8 counts_unwound;
	__u8 pad;
	struct series_key key;
	/* values_size bytes of captured values follow */
};

enum { FRAME_DEAD = 0xffff };

enum frame_start {
	START_UNKNOWN = 0,  /* it was running before the probe was attached */
	START_ENDED = 1,    /* userspace saw that the call is over: as dead as FRAME_DEAD */
};

/* First part of the keys of the map of unwound calls; the captured values follow, up to the end of the frame. */
struct unwound_key {
	__u16 probe;
	__u16 pad;
	struct series_key series;
};

/* Where a probe without a frame builds its values. */
struct scratch {
	__u32 busy;
	__u32 pad;
	struct frame frame;
};

/* Where a probe stands: slots of its series values given out so far (slot 0 is the overflow series), and calls that it has
 * counted as lost at their entry and that have not returned. */
struct series_cursor {
	__u32 next;
	__u32 spare;      /* first of the slots that lost a race for their key (bpf/lib/series.bpf.h), 0: none */
	__u32 free_head;  /* free slots taken so far */
	__u32 refused;    /* calls without a frame, for want of room */
};

/* Element 0 of the map of free slots counts the slots that userspace has put there so far; slot number n of them is
 * element 1 + n % series_limit. */

/* Series of processes that are gone are folded into those of this number. No process has it. */
enum { FOLDED_PROCESS = 0 };

/* Head of the only element of a probe's fold journal: what userspace does when it folds one series into another, written
 * down first, so that an exporter that is killed in between leaves what the next one can finish. The target's u64s in
 * `values`, as they will be, follow. No program uses it. */
struct fold_step {
	__u32 underway;
	__u32 source;   /* slot */
	__u32 target;   /* slot */
	__u32 pad;
};

/* Head of the only element of a binary's unwound journal, for the same purpose; the key of what is folded follows. */
struct unwound_step {
	__u64 total;  /* of the target, afterwards; 0: nothing is underway */
};

enum { NO_SLOT = 0xffffffff };

/* Key of the map of goroutines (threads) that are inside a probed call. */
struct goroutine_key {
	__u32 process;
	__u32 pad;
	__u64 goroutine;  /* goid; bit 63 set: a thread id */
};

/* Its value: ABI_FRAMES frames of frame_stride bytes follow. */
struct goroutine {
	__u32 count;    /* frames, those that spilled included */
	__u32 highest;  /* 1 + the highest index that it has in the map of spilled frames, 0: none */
};

/* Key of the map of frames beyond ABI_FRAMES; an entry with index >= count is garbage. */
struct spilled_key {
	__u32 process;
	__u32 index;
	__u64 goroutine;
};

enum call_end {
	CALL_UNWOUND = 0,  /* it is over, and its return was not seen */
	CALL_LEFT,         /* it runs on without its probe: its return is a loss of the probe that took the place, if one did */
	CALL_LOST,         /* it runs on, and no probe will know of it: it is a loss now */
};

/* Argument of the program end_call: the frame at `index` of a goroutine, if it still is the one that userspace saw. */
struct ended_call {
	struct goroutine_key key;
	__u32 index;
	__u32 depth;
	__u64 start_ns;
	__u16 probe;
	__u16 end;          /* enum call_end */
	__u16 pad[2];
};

/* Argument of the program classify_process. */
struct classified_process {
	__u32 tgid;      /* in the initial pid namespace */
	__u32 number;    /* that it had when userspace looked */
	__u64 services;
};

/* A process that userspace wants to have numbered before it is hit. */
struct wanted_process {
	__u32 pid;  /* in the exporter's pid namespace */
};

/* Key of the map of objects: +1/-1 pairs and polled objects. Its value is the captured values. */
struct object_key {
	__u32 process;
	__u32 object;  /* record_spec.object */
	__u64 address;
};

/* Value of the map of gates: generation << GATE_PHASE_BITS | phase. Every program belongs to a generation of its unit
 * (one service's probes in one binary); the gate says which generation handles a hit. While one generation hands over
 * to the next, the programs of both run at every hit, those of the newer first: the kernel calls the consumer of a
 * uprobe that was registered last before the others (kernel/events/uprobes.c, consumer_add). The newer one decides
 * and leaves a mark for the older one, so that the two agree also when the gate moves between them. */
enum gate_phase {
	GATE_STEADY = 0,     /* `generation` handles all hits */
	GATE_PREPARING = 1,  /* `generation` still does; `generation` + 1 leaves marks */
	GATE_TAKEN = 2,      /* `generation` does, and leaves marks for `generation` - 1 */
	GATE_SHUT = 3,       /* nobody does: `generation` is about to be detached, site by site */
};

enum { GATE_PHASE_BITS = 2 };

/* Key of the map of marks. Its value: 1 where the newer generation handles this hit, else 0. */
struct handover_key {
	__u32 thread;
	__u16 probe;    /* the older program's */
	__u16 program;  /* enum program_kind */
};

enum program_kind {
	PROGRAM_ENTER = 0,
	PROGRAM_RETURN,
	PROGRAM_UNWIND,
};

/* probe_spec.replaces of a probe that has no older one. */
enum { NO_PROBE = 0xffff };

enum loss_reason {
	LOSS_SERIES_FULL = 0,     /* counted in the overflow series instead */
	LOSS_SERIES_FAILED,       /* the kernel could not insert; the hit is not in any series */
	LOSS_GOROUTINES_FULL,     /* a call whose duration and result are not counted */
	LOSS_SPILLED_FULL,
	LOSS_READ_FAILED,         /* a label value is empty that should not be */
	LOSS_NO_ENTRY,            /* a return whose call began before the probe was attached, or changed */
	LOSS_UNWOUND,             /* a call ended by panic or Goexit: no return, no duration */
	LOSS_SCRATCH_BUSY,
	LOSS_PROCESSES_FULL,
	LOSS_OBJECTS_FULL,
	LOSS_UNLIKELY_VALUE,      /* words that cannot be of the type that a written signature says; its label is empty */
	LOSS_REASONS,
};

/* Index of the per-CPU array of losses: probe * LOSS_REASONS + reason. */

/* What the kernel tells userspace without being asked (ring buffer). */
enum event_kind {
	EVENT_EXEC = 1,     /* pid runs a new image; sent where it had a number or its name is one of followed_names */
	EVENT_EXIT = 2,
	EVENT_PROCESS = 3,  /* a process got its number */
	EVENT_FORK = 4,     /* pid is a new process that runs the image of one of ours */
};

struct process_event {
	__u32 kind;
	__u32 tgid;
	__u32 number;  /* 0 where it has none */
	__u32 pid;     /* in the exporter's pid namespace, 0 where it has none there */
};

enum { ABI_FILE_NAME = 64 };  /* bytes of an executable's name, with its NUL */

/* Key of the map of names of executable files: the last component, padded with NULs. */
struct file_name {
	char text[ABI_FILE_NAME];
};

#endif
