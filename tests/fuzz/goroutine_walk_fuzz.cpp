// A process whose memory is any bytes, asked which calls run in it. The memory is this process's own, which
// it reads as it reads others.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <unordered_set>
#include <vector>

#include "collect/goroutine_walk.hpp"

namespace {

constexpr std::size_t kWords = 4096;
constexpr std::size_t kCandidates = 8;  // the first words are variables of the runtime
constexpr std::uint64_t kFunctionSize = 0x1000;
constexpr std::uint64_t kFunctions = 32;

alignas(4096) std::array<std::uint64_t, kWords> arena;

// Words of this form lead into the arena: the fuzzer cannot guess addresses.
constexpr std::uint64_t kPointerTag = 0xa5;

std::uint64_t placed(std::uint64_t word) {
  const bool is_pointer = word >> 56U == kPointerTag;
  return is_pointer ? reinterpret_cast<std::uint64_t>(arena.data()) + word % sizeof(arena) : word;
}

void fill_arena(const std::uint8_t* data, std::size_t size) {
  arena.fill(0);
  std::memcpy(arena.data(), data, std::min(size, sizeof(arena)));
  std::ranges::transform(arena, arena.begin(), placed);
}

// Functions of all kinds: deep frames, none, tops of stacks, ends of the way.
std::optional<inspect::CodePlace> place_of(inspect::VirtualAddress instruction) {
  const std::uint64_t function = value_of(instruction) / kFunctionSize;
  if (function == 0 || function > kFunctions) {
    return std::nullopt;
  }
  inspect::CodePlace place;
  place.entry = static_cast<inspect::VirtualAddress>(function * kFunctionSize);
  place.stack_delta = value_of(instruction) % kFunctionSize / 8 * 8;
  place.is_top = function % 4 == 1;
  place.was_injected = function % 8 == 2;
  place.is_followable = function % 16 != 3;
  return place;
}

plan::StackLayout layout() {
  plan::StackLayout layout{.goid = 0,
                           .stack_lo = 8,
                           .stack_hi = 16,
                           .status = 24,
                           .sched_sp = 32,
                           .sched_pc = 40,
                           .syscall_sp = 48,
                           .syscall_pc = 56};
  for (std::size_t i = 0; i < kCandidates; ++i) {
    layout.list_candidates.push_back(
        static_cast<inspect::VirtualAddress>(reinterpret_cast<std::uint64_t>(&arena[i])));
  }
  return layout;
}

void check(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fill_arena(data, size);
  const collect::ProcessMemory memory(::getpid());
  const plan::StackLayout stacks = layout();
  std::unordered_set<std::uint64_t> wanted;
  for (std::uint64_t function = 0; function <= kFunctions; function += 2) {
    wanted.insert(function * kFunctionSize);
  }
  const collect::WalkRequest request{
      .memory = &memory, .layout = &stacks, .bias = 0, .place_of = place_of, .wanted = &wanted};
  std::vector<std::uint64_t> goroutines(arena.begin() + kCandidates, arena.begin() + 2 * kCandidates);
  if (const auto listed = collect::list_goroutines(request)) {
    goroutines.insert(goroutines.end(), listed->begin(), listed->end());
  }
  const collect::GoroutineWalk walk = collect::walk_goroutines(request, goroutines);
  check(std::ranges::is_sorted(walk.goroutines, {}, &collect::WalkedGoroutine::id));
  for (const collect::WalkedGoroutine& goroutine : walk.goroutines) {
    check(!(goroutine.is_whole && goroutine.is_lost));
    for (const collect::WalkedFrame& frame : goroutine.frames) {
      check(wanted.contains(frame.entry));
    }
  }
  return 0;
}
