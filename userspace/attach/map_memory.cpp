#include "attach/map_memory.hpp"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <memory>
#include <span>

#include "abi/maps.h"
#include "abi/probe_spec.h"
#include "attach/fill_spec.hpp"
#include "attach/libbpf_log.hpp"
#include "attach/load_generation.hpp"
#include "attach/map_sizes.hpp"
#include "attach/series_slabs.hpp"
#include "calls.skel.h"
#include "probe.skel.h"
#include "processes.skel.h"
#include "real_file.skel.h"

namespace attach {
namespace {

using base::Result;

constexpr std::uint64_t kWord = 8;
constexpr std::uint64_t kPage = 4096;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

std::uint64_t cpus() {
  return static_cast<std::uint64_t>(libbpf_num_possible_cpus());
}

// struct bpf_array, bpf_htab and others with what they allocate apart: some hundred bytes.
constexpr std::uint64_t kMapItself = 2 * kWord * 64;

// kernel/bpf/hashtab.c: htab_elem of 48 bytes before the key, a spare one for each CPU, buckets of 16 bytes.
std::uint64_t hash_memory(std::uint64_t key, std::uint64_t value, std::uint64_t entries) {
  return (entries + cpus()) * (48 + round_up(key, kWord) + round_up(value, kWord)) +
         std::bit_ceil(entries) * 16 + cpus() * kWord * 8;
}

// kernel/bpf/arraymap.c: a pointer for each element, and its values.
std::uint64_t per_cpu_array_memory(std::uint64_t value, std::uint64_t entries) {
  return kMapItself + entries * (kWord + round_up(value, kWord) * cpus());
}

std::uint64_t memory_of(const bpf_map* map) {
  const std::uint64_t key = bpf_map__key_size(map);
  const std::uint64_t value = bpf_map__value_size(map);
  const std::uint64_t entries = bpf_map__max_entries(map);
  switch (bpf_map__type(map)) {
    case BPF_MAP_TYPE_HASH:
      return kMapItself + hash_memory(key, value, entries);
    case BPF_MAP_TYPE_PERCPU_ARRAY:
      return per_cpu_array_memory(value, entries);
    case BPF_MAP_TYPE_RINGBUF:
      // Each page is mapped twice; a few more hold positions.
      return kMapItself + entries + entries / kPage * 2 * kWord + 4 * kPage;
    case BPF_MAP_TYPE_TASK_STORAGE:
      return kMapItself + std::bit_ceil(cpus()) * 32;
    default:  // arrays; those that userspace maps are whole pages
      return kMapItself + round_up(entries * round_up(value, kWord), kPage);
  }
}

std::uint64_t memory_of(std::span<const bpf_map* const> maps) {
  std::uint64_t sum = 0;
  for (const bpf_map* map : maps) {
    sum += memory_of(map);
  }
  return sum;
}

// An array of one element, for userspace.
std::uint64_t journal_memory(std::uint64_t size) {
  return kMapItself + round_up(size, kPage);
}

template <class T>
struct Destroy {
  void operator()(T* skeleton) const { T::destroy(skeleton); }
};

template <class T>
using Skeleton = std::unique_ptr<T, Destroy<T>>;

template <class T>
Result<Skeleton<T>> open() {
  const LibbpfLog log;
  Skeleton<T> skeleton(T::open());
  if (!skeleton) {
    return base::fail_errno(errno, "opening the programs");
  }
  return skeleton;
}

std::uint64_t binary_memory(const probe& skeleton, const probe_spec& spec, std::uint32_t in_flight_limit) {
  const auto& maps = skeleton.maps;
  size_binary_maps(skeleton, spec, in_flight_limit);
  return memory_of(std::array<const bpf_map*, 6>{maps.goroutines, maps.blank_goroutine, maps.spilled,
                                                 maps.unwound, maps.objects, maps.scratches}) +
         journal_memory(sizeof(unwound_step) + unwound_key_size(spec));
}

std::uint64_t probe_memory(const probe& skeleton, const probe_spec& spec) {
  const auto& maps = skeleton.maps;
  size_probe_maps(skeleton, spec);
  const std::uint64_t slab =
      per_cpu_array_memory(spec.slots * sizeof(__u64), 1U << slab_shift_of(spec.series_limit));
  return memory_of(std::array<const bpf_map*, 6>{maps.series, maps.values, maps.slabs, maps.cursor,
                                                 maps.free_slots, maps.rodata}) +
         slabs_of(spec.series_limit) * slab + journal_memory(sizeof(fold_step) + spec.slots * sizeof(__u64));
}

}  // namespace

Result<std::uint64_t> shared_map_memory() {
  ASSIGN_OR_RETURN(const auto watch, open<processes>());
  ASSIGN_OR_RETURN(const auto files, open<real_file>());
  create_shared_maps_only(*watch);
  std::uint64_t sum = memory_of(files->maps.bss);
  const bpf_map* map = nullptr;
  bpf_object__for_each_map(map, watch->obj) {
    sum += bpf_map__autocreate(map) ? memory_of(map) : 0;
  }
  return sum;
}

Result<std::uint64_t> binary_map_memory(const config::ProbeConfig& config, const plan::ProbePlan& plan) {
  ASSIGN_OR_RETURN(const auto skeleton, open<probe>());
  ASSIGN_OR_RETURN(const auto calls_skeleton, open<calls>());
  const std::uint16_t stride = frame_stride_of(plan);
  const auto spec_of = [&](std::size_t labels, std::uint16_t slots, std::uint32_t series_limit) {
    probe_spec spec{};
    spec.frame_stride = stride;
    spec.key_size = static_cast<__u16>(sizeof(series_key) + labels);
    spec.slots = std::max<std::uint16_t>(slots, 1);
    spec.series_limit = series_limit;
    return spec;
  };
  const probe_spec hook = spec_of(0, 0, 1);  // at runtime.recovery and at runtime.Goexit
  std::uint64_t sum = binary_memory(*skeleton, hook, config.limits.in_flight) +
                      memory_of(calls_skeleton->maps.rodata) + 2 * probe_memory(*skeleton, hook);
  for (const plan::PlannedProbe& probe : plan.probes) {
    sum += probe_memory(*skeleton, spec_of(probe.labels_size, probe.slots, series_limit_of(config, probe)));
  }
  return sum;
}

}  // namespace attach
