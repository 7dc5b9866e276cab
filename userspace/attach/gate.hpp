// Which generation of a unit's programs counts (abi/maps.h, enum gate_phase). Programs that are attached
// count nothing before their gate is opened.
#pragma once

#include <cstdint>
#include <span>

#include "attach/process_watch.hpp"
#include "base/error.hpp"

namespace attach {

struct Gate {
  std::uint16_t number = 0;
  std::uint32_t generation = 0;
};

// The generation that counts now.
[[nodiscard]] base::Result<std::uint32_t> current_generation(const SharedMaps& maps, std::uint16_t gate);

// These generations count from now on.
[[nodiscard]] base::Result<> open_gates(const SharedMaps& maps, std::span<const Gate> gates);

// The same where programs of the generations before are attached and count: no call is counted by both or by
// none. Takes half a second.
[[nodiscard]] base::Result<> hand_over(const SharedMaps& maps, std::span<const Gate> gates);

// These generations count no more, all at once: detaching them takes many steps, and between two of them
// entries would be seen without their returns. Gates that another generation has are left alone.
[[nodiscard]] base::Result<> shut_gates(const SharedMaps& maps, std::span<const Gate> gates);

}  // namespace attach
