#include "plan/machine/registers.hpp"

#include <array>

namespace plan {

namespace {

constexpr std::array<std::string_view, 9> kAmd64Names = {"RAX", "RBX", "RCX", "RDI", "RSI",
                                                         "R8",  "R9",  "R10", "R11"};
constexpr std::array<std::string_view, 16> kArm64Names = {
    "R0", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11", "R12", "R13", "R14", "R15"};
constexpr RegisterSet kAmd64 = {9, 15, kAmd64Names};
constexpr RegisterSet kArm64 = {16, 16, kArm64Names};

}  // namespace

const RegisterSet& registers_of(inspect::Architecture architecture) {
  return architecture == inspect::Architecture::kArm64 ? kArm64 : kAmd64;
}

}  // namespace plan
