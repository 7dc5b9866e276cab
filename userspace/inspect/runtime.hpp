#pragma once

#include <cstdint>

namespace inspect {

// Whose rules a function or a whole program follows: calling convention, stacks, type metadata. A Go program
// can hold native functions (cgo).
enum class Runtime : std::uint8_t {
  kGo,
  kNative,  // C, C++ or Rust: System V arguments, threads and no goroutines
};

}  // namespace inspect
