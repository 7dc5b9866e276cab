// A table that gives a value for each place in a function's code, as Go's function table has them.
#pragma once

#include <cstdint>

namespace inspect {

// A value holds from the end of the step before (or the function's entry) up to `end`, an offset from the
// entry.
struct PcValue {
  std::uint32_t end = 0;
  std::int32_t value = 0;
};

}  // namespace inspect
