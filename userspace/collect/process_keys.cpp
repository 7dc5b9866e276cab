#include "collect/process_keys.hpp"

#include <cstring>
#include <utility>

#include "abi/maps.h"
#include "collect/map_entries.hpp"

namespace collect {

KeyBytes folded_key(KeyBytes key, std::size_t offset) {
  const std::uint32_t folded = FOLDED_PROCESS;
  std::memcpy(key.data() + offset, &folded, sizeof(folded));
  return key;
}

std::uint32_t process_of(const KeyBytes& key, std::size_t offset) {
  std::uint32_t process = 0;
  std::memcpy(&process, key.data() + offset, sizeof(process));
  return process;
}

base::Result<std::vector<KeyBytes>> keys_of(int map, std::size_t key_size, std::size_t value_size,
                                            std::size_t offset, std::uint32_t process) {
  std::vector<KeyBytes> keys;
  RETURN_IF_ERROR(for_each_entry(map, key_size, value_size, [&](Bytes key, Bytes) {
    KeyBytes bytes(key.begin(), key.end());
    if (process_of(bytes, offset) == process) {
      keys.push_back(std::move(bytes));
    }
  }));
  return keys;
}

}  // namespace collect
