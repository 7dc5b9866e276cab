#include "collect/probe_hits.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <numeric>
#include <vector>

namespace collect {
namespace {

std::uint64_t read_hit_count(const base::SharedFd& map, std::uint32_t key) {
  std::vector<std::uint64_t> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  if (bpf_map_lookup_elem(map.value(), &key, cpus.data()) != 0) {
    return 0;
  }
  return std::accumulate(cpus.begin(), cpus.end(), std::uint64_t{0});
}

}  // namespace

ProbeHits read_probe_hits(const attach::SharedMaps& maps, std::uint16_t probe) {
  const std::uint32_t entry = probe * 2U;
  // In this order: strangers that come meanwhile must not look like targets.
  return {.entries = read_hit_count(maps.hits, entry),
          .returns = read_hit_count(maps.hits, entry + 1),
          .stranger_entries = read_hit_count(maps.stranger_hits, entry),
          .stranger_returns = read_hit_count(maps.stranger_hits, entry + 1)};
}

}  // namespace collect
