// The operation machine of abi/operation.h outside of the kernel: the same lists, over memory that the caller
// reads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "abi/limits.h"
#include "abi/operation.h"

namespace collect {

// Fills `to` with the bytes at `address`; false where not all of them can be read.
using ReadMemory = std::function<bool(std::uint64_t address, std::span<std::byte> to)>;

inline constexpr std::size_t kArguments = 11;  // numbers of OP_ARGUMENT

struct EvaluationInput {
  std::span<const operation> operations;
  std::string_view text;        // string constants
  std::span<std::byte> values;  // captured values: read by OP_CAPTURED, written by stores
  std::span<const std::uint64_t>
      arguments;  // registers at a probed site; empty: there are none, and what reads one is invalid
  std::uint64_t load_bias = 0;
  std::uint64_t in_flight = 0;
  bool panicked = false;
};

struct Evaluation {
  std::array<std::uint64_t, ABI_REGISTERS> registers{};
  bool valid = true;
  std::uint32_t failed_reads = 0;
  std::uint32_t unlikely_values = 0;
};

// Never fails: operations that make no sense do nothing, offsets outside of `values` read as 0 and write
// nothing.
[[nodiscard]] Evaluation evaluate(const EvaluationInput& input, const ReadMemory& read);

}  // namespace collect
