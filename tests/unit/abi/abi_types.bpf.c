// SPDX-License-Identifier: GPL-2.0 OR MIT
/* Every struct of bpf/abi as the BPF compiler lays it out: BTF keeps only types that something has. */
#include "abi/lower_file.h"
#include "abi/maps.h"
#include "abi/operation.h"
#include "abi/probe_spec.h"

struct operation an_operation;
struct record_spec a_record_spec;
struct phase_spec a_phase_spec;
struct probe_spec a_probe_spec;
struct unwind_spec an_unwind_spec;
struct process a_process;
struct classified_process a_classified_process;
struct file_name a_file_name;
struct process_record a_process_record;
struct process_label_key a_process_label_key;
struct process_label a_process_label;
struct series_key a_series_key;
struct frame a_frame;
struct unwound_key an_unwound_key;
struct scratch a_scratch;
struct goroutine_key a_goroutine_key;
struct goroutine a_goroutine;
struct spilled_key a_spilled_key;
struct object_key an_object_key;
struct series_cursor a_series_cursor;
struct process_event a_process_event;
struct lower_file a_lower_file;
struct ended_call an_ended_call;
struct wanted_process a_wanted_process;
struct handover_key a_handover_key;
struct fold_step a_fold_step;
struct unwound_step an_unwound_step;
