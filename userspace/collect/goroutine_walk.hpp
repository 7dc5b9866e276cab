// Which calls run in a Go process now: every goroutine's stack, read from outside while the process goes on.
// What is read may lie; the walk then ends early, and says so of the goroutines it could not follow to the
// end.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/error.hpp"
#include "collect/process_memory.hpp"
#include "inspect/go/go_unwind.hpp"
#include "plan/probe_plan.hpp"

namespace collect {

// An address as the linker wrote it -> the instruction there.
using PlaceOf = std::function<std::optional<inspect::CodePlace>(inspect::VirtualAddress instruction)>;

// Of one process; owns nothing.
struct WalkRequest {
  const ProcessMemory* memory = nullptr;
  const plan::StackLayout* layout = nullptr;
  std::uint64_t bias = 0;  // load bias of the executable
  PlaceOf place_of;
  const std::unordered_set<std::uint64_t>* wanted =
      nullptr;  // entries of the functions whose frames are told
};

struct WalkedFrame {
  std::uint64_t entry = 0;  // of its function
  std::uint32_t depth = 0;  // stack.hi - SP at the function's entry, as the probes have it

  bool operator==(const WalkedFrame&) const = default;
};

struct WalkedGoroutine {
  std::uint64_t id = 0;
  std::uint64_t address = 0;        // of its runtime.g
  bool is_whole = false;            // false: it was running, or changed meanwhile, or is lost
  bool is_lost = false;             // it is at rest, and its stack makes no sense
  std::vector<WalkedFrame> frames;  // of wanted functions, the outermost first
};

struct GoroutineWalk {
  std::vector<WalkedGoroutine> goroutines;  // that have begun and not ended
  bool is_complete = true;   // false: too much could not be read, or it took too long; the rest was left out
  std::uint64_t frames = 0;  // of all functions
  std::uint64_t reads = 0;   // system calls

  // The goroutine of that id; null where none is.
  [[nodiscard]] const WalkedGoroutine* find(std::uint64_t id) const;
};

// Addresses of all runtime.g, of goroutines that have ended too. kNotFound: none of the layout's candidates
// is the list.
[[nodiscard]] base::Result<std::vector<std::uint64_t>> list_goroutines(const WalkRequest& request);

// Goroutines are sorted by id.
[[nodiscard]] GoroutineWalk walk_goroutines(const WalkRequest& request,
                                            std::span<const std::uint64_t> addresses);

}  // namespace collect
