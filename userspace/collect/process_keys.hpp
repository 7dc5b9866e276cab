// Keys of maps that say which process they belong to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.hpp"

namespace collect {

using KeyBytes = std::vector<std::byte>;

// The process stands at `offset` of a key.
[[nodiscard]] std::uint32_t process_of(const KeyBytes& key, std::size_t offset);

// The same key with FOLDED_PROCESS as its process.
[[nodiscard]] KeyBytes folded_key(KeyBytes key, std::size_t offset);

// Keys of `process` in a hash map.
[[nodiscard]] base::Result<std::vector<KeyBytes>> keys_of(int map, std::size_t key_size,
                                                          std::size_t value_size, std::size_t offset,
                                                          std::uint32_t process);

}  // namespace collect
