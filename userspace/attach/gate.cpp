#include "attach/gate.hpp"

#include <bpf/bpf.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace attach {
namespace {

using base::Result;

// Longer than any thread takes from the first to the last program of one hit, preempted or not.
constexpr std::chrono::milliseconds kLongestHit{250};

Result<> set_all(const SharedMaps& maps, std::span<const Gate> gates, std::uint32_t back, gate_phase phase) {
  for (const Gate& gate : gates) {
    const __u32 key = gate.number;
    const __u64 word = __u64{gate.generation - back} << GATE_PHASE_BITS | static_cast<__u64>(phase);
    if (const int error = bpf_map_update_elem(maps.gates.value(), &key, &word, BPF_ANY); error != 0) {
      return base::fail_errno(-error, "opening gate {}", gate.number);
    }
  }
  return {};
}

// Of threads that ended between the newer and the older program, or that the older one is not attached for.
// Nobody looks at them once the gates are steady.
void clear_marks(const SharedMaps& maps) {
  handover_key key{};
  while (bpf_map_get_next_key(maps.handover_marks.value(), nullptr, &key) == 0 &&
         bpf_map_delete_elem(maps.handover_marks.value(), &key) == 0) {
  }
}

}  // namespace

base::Result<std::uint32_t> current_generation(const SharedMaps& maps, std::uint16_t gate) {
  const __u32 key = gate;
  __u64 word = 0;
  if (const int error = bpf_map_lookup_elem(maps.gates.value(), &key, &word); error != 0) {
    return base::fail_errno(-error, "reading gate {}", gate);
  }
  return static_cast<std::uint32_t>(word >> GATE_PHASE_BITS);
}

base::Result<> open_gates(const SharedMaps& maps, std::span<const Gate> gates) {
  return set_all(maps, gates, 0, GATE_STEADY);
}

base::Result<> shut_gates(const SharedMaps& maps, std::span<const Gate> gates) {
  for (const Gate& gate : gates) {
    ASSIGN_OR_RETURN(const std::uint32_t current, current_generation(maps, gate.number));
    if (current == gate.generation) {
      RETURN_IF_ERROR(set_all(maps, std::span(&gate, 1), 0, GATE_SHUT));
    }
  }
  return {};
}

base::Result<> hand_over(const SharedMaps& maps, std::span<const Gate> gates) {
  if (gates.empty()) {
    return {};
  }
  RETURN_IF_ERROR(set_all(maps, gates, 1, GATE_PREPARING));
  std::this_thread::sleep_for(kLongestHit);
  RETURN_IF_ERROR(set_all(maps, gates, 0, GATE_TAKEN));
  std::this_thread::sleep_for(kLongestHit);
  RETURN_IF_ERROR(open_gates(maps, gates));
  clear_marks(maps);
  return {};
}

}  // namespace attach
