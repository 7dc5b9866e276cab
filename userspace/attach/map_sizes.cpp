#include "attach/map_sizes.hpp"

#include <bpf/libbpf.h>

#include <array>
#include <cstddef>

#include "abi/maps.h"
#include "attach/series_slabs.hpp"
#include "probe.skel.h"
#include "processes.skel.h"

namespace attach {

// None of these calls fails before the load.

void create_shared_maps_only(const processes& skeleton) {
  const auto& maps = skeleton.maps;
  for (bpf_map* map :
       std::array{maps.goroutines, maps.blank_goroutine, maps.spilled, maps.unwound, maps.objects,
                  maps.scratches, maps.series, maps.values, maps.slabs, maps.cursor, maps.free_slots}) {
    bpf_map__set_autocreate(map, false);
  }
}

__u32 unwound_key_size(const probe_spec& spec) {
  return static_cast<__u32>(sizeof(unwound_key) + spec.frame_stride - sizeof(frame));
}

void size_binary_maps(const probe& skeleton, const probe_spec& spec, __u32 in_flight_limit) {
  const auto& maps = skeleton.maps;
  const __u32 stride = spec.frame_stride;
  const auto values = stride - static_cast<__u32>(sizeof(frame));
  const __u32 goroutine_size = static_cast<__u32>(sizeof(goroutine)) + ABI_FRAMES * stride;
  bpf_map__set_value_size(maps.goroutines, goroutine_size);
  bpf_map__set_max_entries(maps.goroutines, in_flight_limit);
  bpf_map__set_value_size(maps.blank_goroutine, goroutine_size);
  bpf_map__set_value_size(maps.spilled, stride);
  bpf_map__set_max_entries(maps.spilled, in_flight_limit * ABI_FRAMES);
  bpf_map__set_key_size(maps.unwound, unwound_key_size(spec));
  bpf_map__set_max_entries(maps.unwound, 4096);
  bpf_map__set_value_size(maps.objects, values);
  bpf_map__set_max_entries(maps.objects, in_flight_limit);
  bpf_map__set_value_size(maps.scratches, static_cast<__u32>(offsetof(scratch, frame)) + stride);
  bpf_map__set_max_entries(maps.scratches, static_cast<__u32>(libbpf_num_possible_cpus()) * ABI_SCRATCH);
}

void size_probe_maps(const probe& skeleton, const probe_spec& spec) {
  const auto& maps = skeleton.maps;
  bpf_map__set_key_size(maps.series, spec.key_size);
  bpf_map__set_max_entries(maps.series, spec.series_limit);
  bpf_map__set_max_entries(maps.free_slots, spec.series_limit + 1);
  bpf_map__set_value_size(maps.values, spec.slots * static_cast<__u32>(sizeof(__u64)));
  bpf_map__set_max_entries(maps.values, spec.series_limit);
  bpf_map__set_max_entries(maps.slabs, slabs_of(spec.series_limit));
}

}  // namespace attach
