#include "collect/fold_unwound.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <vector>

#include "abi/maps.h"
#include "collect/journal.hpp"
#include "collect/process_keys.hpp"

namespace collect {
namespace {

using base::Result;

constexpr std::size_t kUnwoundProcess = offsetof(unwound_key, series) + offsetof(series_key, process);

std::size_t unwound_key_size(const attach::CountedBinary& binary) {
  return sizeof(unwound_key) + binary.frame_stride - sizeof(frame);
}

Result<> note_unwound(const attach::CountedBinary& binary, std::uint64_t total, const KeyBytes& key) {
  std::vector<std::byte> bytes(sizeof(unwound_step) + key.size());
  const unwound_step step{.total = total};
  std::memcpy(bytes.data(), &step, sizeof(step));
  std::ranges::copy(key, bytes.begin() + sizeof(step));
  const std::uint32_t first = 0;
  if (bpf_map_update_elem(binary.maps.unwound_journal.value(), &first, bytes.data(), BPF_ANY) != 0) {
    return base::fail_errno(errno, "writing the journal of calls that panicked");
  }
  return {};
}

// May be done again.
Result<> add_unwound(const attach::CountedBinary& binary, std::uint64_t total, const KeyBytes& key) {
  const int map = binary.maps.unwound.value();
  int error = bpf_map_update_elem(map, folded_key(key, kUnwoundProcess).data(), &total, BPF_ANY);
  bpf_map_delete_elem(map, key.data());
  if (error == -E2BIG) {
    error = bpf_map_update_elem(map, folded_key(key, kUnwoundProcess).data(), &total, BPF_ANY);
  }
  if (error != 0) {
    return base::fail_errno(-error, "folding calls that panicked");
  }
  return note_unwound(binary, 0, key);
}

}  // namespace

base::Result<> fold_unwound(const attach::CountedBinary& binary, std::uint16_t probe, std::uint32_t process) {
  const int map = binary.maps.unwound.value();
  ASSIGN_OR_RETURN(const std::vector<KeyBytes> keys,
                   keys_of(map, unwound_key_size(binary), sizeof(std::uint64_t), kUnwoundProcess, process));
  for (const KeyBytes& key : keys) {
    const std::scoped_lock turn(*binary.maps.turn);
    unwound_key head{};
    std::memcpy(&head, key.data(), sizeof(head));
    std::uint64_t count = 0;
    if (head.probe != probe || bpf_map_lookup_elem(map, key.data(), &count) != 0) {
      continue;
    }
    std::uint64_t total = 0;
    bpf_map_lookup_elem(map, folded_key(key, kUnwoundProcess).data(), &total);
    total += count;
    RETURN_IF_ERROR(note_unwound(binary, total, key));
    RETURN_IF_ERROR(add_unwound(binary, total, key));
  }
  return {};
}

base::Result<> resume_unwound(const attach::CountedBinary& binary) {
  std::vector<std::byte> bytes(sizeof(unwound_step) + unwound_key_size(binary));
  RETURN_IF_ERROR(read_journal(binary.maps.unwound_journal.value(), bytes));
  unwound_step step{};
  std::memcpy(&step, bytes.data(), sizeof(step));
  return step.total == 0
             ? Result<>{}
             : add_unwound(binary, step.total, KeyBytes(bytes.begin() + sizeof(step), bytes.end()));
}

}  // namespace collect
