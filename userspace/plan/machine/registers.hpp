// The registers of a machine that carry arguments and results of Go functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "inspect/binary_facts.hpp"

namespace plan {

struct RegisterSet {
  std::uint8_t integers = 0;
  std::uint8_t floats = 0;
  std::span<const std::string_view> integer_names;
};

// The registers that carry arguments and results.
[[nodiscard]] const RegisterSet& registers_of(inspect::Architecture architecture);

}  // namespace plan
