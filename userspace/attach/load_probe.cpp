#include "attach/load_probe.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <utility>

#include "attach/libbpf_log.hpp"
#include "attach/map_sizes.hpp"
#include "attach/series_slabs.hpp"
#include "attach/uprobe_multi.hpp"
#include "probe.skel.h"

namespace attach {
namespace {

using base::fail_errno;
using base::Result;

struct SkeletonDeleter {
  void operator()(probe* skeleton) const { probe__destroy(skeleton); }
};

using Skeleton = std::unique_ptr<probe, SkeletonDeleter>;

Result<> use_map(bpf_map* map, const base::SharedFd& existing) {
  if (const int error = bpf_map__reuse_fd(map, existing.value()); error != 0) {
    return fail_errno(-error, "sharing BPF map {}", bpf_map__name(map));
  }
  return {};
}

Result<> use_shared_maps(const probe& skeleton, const SharedMaps& shared) {
  const auto& maps = skeleton.maps;
  RETURN_IF_ERROR(use_map(maps.processes, shared.processes));
  RETURN_IF_ERROR(use_map(maps.process_records, shared.process_records));
  RETURN_IF_ERROR(use_map(maps.process_services, shared.process_services));
  RETURN_IF_ERROR(use_map(maps.process_labels, shared.process_labels));
  RETURN_IF_ERROR(use_map(maps.blank_record, shared.blank_record));
  RETURN_IF_ERROR(use_map(maps.last_number, shared.last_number));
  RETURN_IF_ERROR(use_map(maps.events, shared.events));
  RETURN_IF_ERROR(use_map(maps.lost_events, shared.lost_events));
  RETURN_IF_ERROR(use_map(maps.hits, shared.hits));
  RETURN_IF_ERROR(use_map(maps.stranger_hits, shared.stranger_hits));
  RETURN_IF_ERROR(use_map(maps.losses, shared.losses));
  RETURN_IF_ERROR(use_map(maps.gates, shared.gates));
  RETURN_IF_ERROR(use_map(maps.handover_marks, shared.handover_marks));
  return {};
}

Result<> use_binary_maps(const probe& skeleton, const BinaryMaps& binary) {
  const auto& maps = skeleton.maps;
  RETURN_IF_ERROR(use_map(maps.goroutines, binary.goroutines));
  RETURN_IF_ERROR(use_map(maps.blank_goroutine, binary.blank_goroutine));
  RETURN_IF_ERROR(use_map(maps.spilled, binary.spilled));
  RETURN_IF_ERROR(use_map(maps.unwound, binary.unwound));
  RETURN_IF_ERROR(use_map(maps.objects, binary.objects));
  RETURN_IF_ERROR(use_map(maps.scratches, binary.scratches));
  return {};
}

Result<> use_probe_maps(const probe& skeleton, const ProbeMaps& kept) {
  const auto& maps = skeleton.maps;
  RETURN_IF_ERROR(use_map(maps.series, kept.series));
  RETURN_IF_ERROR(use_map(maps.values, kept.values));
  RETURN_IF_ERROR(use_map(maps.slabs, kept.slabs));
  RETURN_IF_ERROR(use_map(maps.cursor, kept.cursor));
  RETURN_IF_ERROR(use_map(maps.free_slots, kept.free_slots));
  return {};
}

// The kernel wants to see one of the maps that `slabs` will hold, and forgets it.
Result<base::UniqueFd> show_slab(const probe& skeleton, const probe_spec& spec) {
  ASSIGN_OR_RETURN(base::UniqueFd slab, create_slab(spec.series_limit, spec.slots));
  if (const int error = bpf_map__set_inner_map_fd(skeleton.maps.slabs, slab.value()); error != 0) {
    return fail_errno(-error, "saying what the slabs of a probe are");
  }
  return slab;
}

bpf_program* program_of(const probe& skeleton, Program program) {
  switch (program) {
    case Program::kEnter:
      return skeleton.progs.on_enter;
    case Program::kReturn:
      return skeleton.progs.on_return;
    case Program::kRecovery:
      return skeleton.progs.on_recovery;
    case Program::kGoexit:
      return skeleton.progs.on_goexit;
  }
  std::unreachable();
}

void choose_programs(const probe& skeleton, const LoadRequest& request) {
  for (const Program program : {Program::kEnter, Program::kReturn, Program::kRecovery, Program::kGoexit}) {
    bpf_program* const handle = program_of(skeleton, program);
    bpf_program__set_autoload(handle, std::ranges::find(request.programs, program, &ProgramSites::program) !=
                                          request.programs.end());
    if (request.kernel.uprobe_multi) {
      bpf_program__set_expected_attach_type(handle, kTraceUprobeMulti);
    }
    if (request.kernel.sleepable) {
      bpf_program__set_flags(handle, bpf_program__flags(handle) | BPF_F_SLEEPABLE);
    }
  }
}

Result<BinaryMaps> keep_binary_maps(const probe& skeleton) {
  const auto& from = skeleton.maps;
  BinaryMaps maps;
  ASSIGN_OR_RETURN(maps.goroutines, keep_map(from.goroutines));
  ASSIGN_OR_RETURN(maps.blank_goroutine, keep_map(from.blank_goroutine));
  ASSIGN_OR_RETURN(maps.spilled, keep_map(from.spilled));
  ASSIGN_OR_RETURN(maps.unwound, keep_map(from.unwound));
  ASSIGN_OR_RETURN(maps.objects, keep_map(from.objects));
  ASSIGN_OR_RETURN(maps.scratches, keep_map(from.scratches));
  return maps;
}

// Slot 0 is the overflow series.
Result<> start_cursor(const base::SharedFd& cursor) {
  const __u32 zero = 0;
  const series_cursor first{.next = 1};
  if (const int error = bpf_map_update_elem(cursor.value(), &zero, &first, BPF_ANY); error != 0) {
    return fail_errno(-error, "initialising the series of a probe");
  }
  return {};
}

// One element, for userspace.
Result<base::UniqueFd> create_journal(std::size_t size) {
  base::UniqueFd journal(bpf_map_create(BPF_MAP_TYPE_ARRAY, "fold_journal", sizeof(__u32),
                                        static_cast<__u32>(size), 1, nullptr));
  if (!journal) {
    return fail_errno(errno, "creating the journal of a probe");
  }
  return journal;
}

Result<Skeleton> load_skeleton(const LoadRequest& request, const std::optional<BinaryMaps>& binary) {
  const LibbpfLog log;
  Skeleton skeleton(probe__open());
  if (!skeleton) {
    return fail_errno(errno, "opening the probe programs");
  }
  skeleton->rodata->spec = request.spec;
  skeleton->rodata->unwind = request.unwind;
  skeleton->rodata->pid_namespace = request.pid_namespace.inode;
  RETURN_IF_ERROR(use_shared_maps(*skeleton, *request.shared));
  if (binary) {
    RETURN_IF_ERROR(use_binary_maps(*skeleton, *binary));
  } else {
    size_binary_maps(*skeleton, request.spec, request.in_flight_limit);
  }
  base::UniqueFd slab;
  if (request.kept != nullptr) {
    RETURN_IF_ERROR(use_probe_maps(*skeleton, *request.kept));
  } else {
    size_probe_maps(*skeleton, request.spec);
    ASSIGN_OR_RETURN(slab, show_slab(*skeleton, request.spec));
  }
  choose_programs(*skeleton, request);
  if (const int error = probe__load(skeleton.get()); error != 0) {
    return fail_errno(-error, "loading the programs: {}", log.tail());
  }
  return skeleton;
}

}  // namespace

base::Result<LoadedProbe> load_probe(const LoadRequest& request, std::optional<BinaryMaps>& binary) {
  ASSIGN_OR_RETURN(const Skeleton skeleton, load_skeleton(request, binary));
  if (!binary) {
    ASSIGN_OR_RETURN(binary, keep_binary_maps(*skeleton));
    ASSIGN_OR_RETURN(binary->unwound_journal,
                     create_journal(sizeof(unwound_step) + unwound_key_size(request.spec)));
  }
  LoadedProbe loaded;
  ASSIGN_OR_RETURN(loaded.maps.series, keep_map(skeleton->maps.series));
  ASSIGN_OR_RETURN(loaded.maps.values, keep_map(skeleton->maps.values));
  ASSIGN_OR_RETURN(loaded.maps.slabs, keep_map(skeleton->maps.slabs));
  ASSIGN_OR_RETURN(loaded.maps.cursor, keep_map(skeleton->maps.cursor));
  ASSIGN_OR_RETURN(loaded.maps.free_slots, keep_map(skeleton->maps.free_slots));
  loaded.maps.series_limit = request.spec.series_limit;
  if (request.kept != nullptr) {
    loaded.maps.fold_journal = request.kept->fold_journal;
    loaded.maps.made_slabs = request.kept->made_slabs;
    loaded.maps.turn = request.kept->turn;
  } else {
    ASSIGN_OR_RETURN(loaded.maps.fold_journal,
                     create_journal(sizeof(fold_step) + request.spec.slots * sizeof(__u64)));
    RETURN_IF_ERROR(start_cursor(loaded.maps.cursor));
  }
  for (const ProgramSites& entry : request.programs) {
    ASSIGN_OR_RETURN(base::UniqueFd program, keep_program(program_of(*skeleton, entry.program)));
    loaded.programs.push_back({.program = entry.program, .fd = std::move(program), .sites = entry.sites});
  }
  return loaded;
}

}  // namespace attach
