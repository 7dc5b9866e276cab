// Functions to be probed for a calibration, called the way Go calls: arguments in registers, g in R14.
#pragma once

#include <cstdint>

namespace attach {

extern "C" {
// Layout known to calibration_calls.S.
struct calibration_call {
  const char* function;
  const void* g;
  const char* text;
  std::uint64_t length;
};

// Calls `function` with a string, `count` times.
void make_calibration_calls(const calibration_call* call, std::uint64_t count);

// Each begins with the instruction that is probed: a push, which the kernel emulates; a SUB, which it steps;
// a push, with a RET that is probed too.
extern const char calibration_push[], calibration_step[], calibration_pair[], calibration_return[];
}

}  // namespace attach
