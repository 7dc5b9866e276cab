#include "collect/map_entries.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace collect {
namespace {

// A hash map's batch must hold its fullest bucket; with fewer the kernel answers ENOSPC.
constexpr std::uint32_t kFirstBatch = 256;
constexpr std::uint32_t kLargestBatch = 1u << 20;

}  // namespace

base::Result<> for_each_entry(int map, std::size_t key_size, std::size_t value_size,
                              const std::function<void(Bytes key, Bytes value)>& visit) {
  std::uint32_t batch = kFirstBatch;
  std::vector<std::byte> keys(batch * key_size);
  std::vector<std::byte> values(batch * value_size);
  // The kernel's cursor: a bucket number, in a buffer as large as a key by its documentation.
  std::vector<std::byte> position(std::max<std::size_t>(key_size, 8));
  std::vector<std::byte> next(position.size());
  bool first = true;
  while (true) {
    std::uint32_t count = batch;
    const int error = bpf_map_lookup_batch(map, first ? nullptr : position.data(), next.data(), keys.data(),
                                           values.data(), &count, nullptr);
    if (error == -ENOSPC && batch < kLargestBatch) {
      batch *= 2;
      keys.resize(batch * key_size);
      values.resize(batch * value_size);
      continue;
    }
    if (error != 0 && error != -ENOENT) {
      return base::fail_errno(-error, "reading a BPF hash map");
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      visit(Bytes(keys).subspan(i * key_size, key_size), Bytes(values).subspan(i * value_size, value_size));
    }
    if (error == -ENOENT) {
      return {};
    }
    position.swap(next);
    first = false;
  }
}

std::size_t on_all_cpus(std::size_t words) {
  return words * static_cast<std::size_t>(libbpf_num_possible_cpus());
}

base::Result<> for_each_element(
    int map, std::uint32_t count, std::size_t width,
    const std::function<void(std::uint32_t index, std::span<const std::uint64_t> values)>& visit) {
  if (count == 0) {
    return {};
  }
  const std::uint32_t batch =
      std::min(count, std::max<std::uint32_t>(1, static_cast<std::uint32_t>(65536 / width)));
  std::vector<std::uint32_t> indexes(batch);
  std::vector<std::uint64_t> values(batch * width);
  std::uint32_t position = 0;
  for (std::uint32_t done = 0; done < count;) {
    std::uint32_t wanted = std::min(batch, count - done);
    const int error = bpf_map_lookup_batch(map, done == 0 ? nullptr : &position, &position, indexes.data(),
                                           values.data(), &wanted, nullptr);
    if (error != 0 && error != -ENOENT) {
      return base::fail_errno(-error, "reading a BPF array");
    }
    for (std::uint32_t i = 0; i < wanted; ++i) {
      visit(indexes[i], std::span(values).subspan(i * width, width));
    }
    done += wanted;
    if (error == -ENOENT) {
      break;
    }
  }
  return {};
}

}  // namespace collect
