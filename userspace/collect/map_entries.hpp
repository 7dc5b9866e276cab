// Whole maps out of the kernel, in batches: one system call for many entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/error.hpp"

namespace collect {

using Bytes = std::span<const std::byte>;

// Calls `visit` with each key and value of a hash map. Entries that appear or go meanwhile may or may not be
// seen; no entry is seen twice.
[[nodiscard]] base::Result<> for_each_entry(int map, std::size_t key_size, std::size_t value_size,
                                            const std::function<void(Bytes key, Bytes value)>& visit);

// u64s of an element of a per-CPU array whose values have `words` u64s: those of all CPUs, one after another.
[[nodiscard]] std::size_t on_all_cpus(std::size_t words);

// Calls `visit` with index and values of the first `count` elements, of `width` u64s, of an array.
[[nodiscard]] base::Result<> for_each_element(
    int map, std::uint32_t count, std::size_t width,
    const std::function<void(std::uint32_t index, std::span<const std::uint64_t> values)>& visit);

}  // namespace collect
