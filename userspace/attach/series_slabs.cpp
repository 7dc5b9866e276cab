#include "attach/series_slabs.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "abi/maps.h"

namespace attach {
namespace {

using base::fail_errno;
using base::Result;

// What counts without a slab is right; what cannot be scraped is lost to sight.
constexpr rlim_t kDescriptorsForOthers = 64;

// The kernel gives the lowest number that is free, so a high one says how many are in use.
bool is_among_the_last(const base::UniqueFd& fd) {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
         static_cast<rlim_t>(fd.value()) + kDescriptorsForOthers >= limit.rlim_cur;
}

std::string pin_name(std::size_t index) {
  return fmt::format("slab_{}", index);
}

bool is_open(const ProbeMaps& maps, std::uint32_t index) {
  std::uint32_t id = 0;
  return bpf_map_lookup_elem(maps.slabs.value(), &index, &id) == 0;
}

// Each update waits for the programs that are running; many at once wait once, from Linux 5.19 on.
Result<> put(const ProbeMaps& maps, std::vector<std::uint32_t>& indexes, std::vector<int>& fds) {
  auto count = static_cast<std::uint32_t>(indexes.size());
  if (count > 1 &&
      bpf_map_update_batch(maps.slabs.value(), indexes.data(), fds.data(), &count, nullptr) == 0) {
    return {};
  }
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    if (bpf_map_update_elem(maps.slabs.value(), &indexes[i], &fds[i], BPF_ANY) != 0) {
      return fail_errno(errno, "giving series memory per CPU");
    }
  }
  return {};
}

}  // namespace

std::uint32_t slabs_of(std::uint32_t series_limit) {
  const std::uint32_t slots = 1U << slab_shift_of(series_limit);
  return (series_limit + slots - 1) / slots;
}

Result<base::UniqueFd> create_slab(std::uint32_t series_limit, std::uint32_t words) {
  base::UniqueFd slab(bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "slab", sizeof(std::uint32_t),
                                     words * static_cast<std::uint32_t>(sizeof(std::uint64_t)),
                                     1U << slab_shift_of(series_limit), nullptr));
  if (!slab) {
    return fail_errno(errno, "making room for {} series on each CPU", 1U << slab_shift_of(series_limit));
  }
  return slab;
}

Result<std::size_t> wanted_slabs(const ProbeMaps& maps) {
  const std::uint32_t zero = 0;
  series_cursor cursor{};
  if (bpf_map_lookup_elem(maps.cursor.value(), &zero, &cursor) != 0) {
    return fail_errno(errno, "reading the number of series of a probe");
  }
  if (cursor.next <= 1) {
    return 0;  // the overflow series alone, which is not used before others
  }
  const std::uint32_t used = std::min(cursor.next, maps.series_limit);
  const std::uint32_t last = used + used / 4;
  return std::min<std::size_t>((last >> slab_shift_of(maps.series_limit)) + 1, slabs_of(maps.series_limit));
}

Result<base::UniqueFd> make_slab(const PinFolder& counts, const ProbeMaps& maps, std::uint32_t words) {
  ASSIGN_OR_RETURN(base::UniqueFd slab, create_slab(maps.series_limit, words));
  if (is_among_the_last(slab)) {
    return fail_errno(EMFILE, "making room for series (raise the limit of open files: ulimit -n)");
  }
  RETURN_IF_ERROR(counts.pin(slab.value(), pin_name(maps.made_slabs.size())));
  return slab;
}

Result<> open_slabs(const ProbeMaps& maps) {
  std::vector<std::uint32_t> indexes;
  std::vector<int> fds;
  for (std::uint32_t i = 0; i < maps.made_slabs.size(); ++i) {
    if (!is_open(maps, i)) {
      indexes.push_back(i);
      fds.push_back(maps.made_slabs[i].value());
    }
  }
  return put(maps, indexes, fds);
}

void find_slabs(const PinFolder& counts, ProbeMaps& maps) {
  while (maps.made_slabs.size() < slabs_of(maps.series_limit)) {
    auto slab = counts.get(pin_name(maps.made_slabs.size()));
    if (!slab) {
      return;
    }
    maps.made_slabs.push_back(*std::move(slab));
  }
}

void unpin_other_slabs(const PinFolder& counts, const ProbeMaps& maps) {
  for (std::size_t i = maps.made_slabs.size(); i < slabs_of(maps.series_limit); ++i) {
    counts.remove(pin_name(i));
  }
}

}  // namespace attach
