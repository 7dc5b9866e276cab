#include "collect/goroutine_walk.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/clock.hpp"

namespace collect {
namespace {

using base::ErrorCode;
using base::Result;

// runtime/runtime2.go; the same in Go 1.18 to 1.27. The collector sets the bit while it scans a stack.
constexpr std::uint32_t kScanBit = 0x1000;
constexpr std::uint32_t kRunnable = 1;
constexpr std::uint32_t kRunning = 2;
constexpr std::uint32_t kSystemCall = 3;
constexpr std::uint32_t kWaiting = 4;
constexpr std::uint32_t kPreempted = 9;
constexpr std::uint32_t kLeaked = 10;  // 1.26: waits for ever
constexpr std::array<std::uint32_t, 5> kEndedStates = {0, 5, 6, 11,
                                                       12};  // not begun, dead, kept for C threads

constexpr std::uint64_t kMostGoroutines = 1'000'000;
constexpr std::uint64_t kLargestStack = std::uint64_t{1} << 30U;  // runtime.maxstacksize
constexpr std::uint64_t kMostFrames = std::uint64_t{1} << 20U;    // of one goroutine
constexpr std::uint64_t kMostKept = std::uint64_t{1} << 20U;      // frames of wanted functions, of one walk

// A process that lies can make any walk long. Of processor time, so that a busy machine does not end it
// early: 10,000 goroutines take about 0.2 s.
constexpr std::chrono::seconds kMostProcessorTime{3};
constexpr std::uint64_t kFramesPerLookAtTheClock = 4096;

constexpr std::uint64_t kMostUnreadable = 1024;  // goroutines, of one walk

constexpr std::size_t kGoroutinesAtOnce = 512;
constexpr std::uint64_t kFirstPart = 8192;  // of a stack, from SP on: most end within
constexpr std::uint64_t kNextPart = 65536;

constexpr std::uint64_t kWord = 8;

std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.subspan(offset, kWord).data(), kWord);
  return word;
}

// What of a runtime.g says where its stack is.
struct State {
  bool is_read = false;
  std::uint64_t id = 0;
  std::uint64_t stack_lo = 0;
  std::uint64_t stack_hi = 0;
  std::uint32_t status = 0;
  std::uint64_t sp = 0;
  std::uint64_t pc = 0;

  bool operator==(const State&) const = default;

  [[nodiscard]] bool has_ended() const {
    return !is_read || id == 0 || std::ranges::find(kEndedStates, status) != kEndedStates.end();
  }

  [[nodiscard]] bool is_running() const { return status == kRunning; }

  // A running goroutine's SP is in a register, out of reach; where it was saved last is not where it is.
  [[nodiscard]] bool can_be_followed() const {
    const bool is_at_rest = status == kRunnable || status == kSystemCall || status == kWaiting ||
                            status == kPreempted || status == kLeaked;
    return is_read && is_at_rest && sp % kWord == 0 && stack_lo < sp && sp < stack_hi &&
           stack_hi - stack_lo <= kLargestStack;
  }
};

State state_in(const plan::StackLayout& layout, std::span<const std::byte> g) {
  State state;
  state.is_read = true;
  state.id = word_at(g, layout.goid);
  state.stack_lo = word_at(g, layout.stack_lo);
  state.stack_hi = word_at(g, layout.stack_hi);
  std::memcpy(&state.status, g.subspan(layout.status, sizeof(state.status)).data(), sizeof(state.status));
  state.status &= ~kScanBit;
  const bool in_system_call = state.status == kSystemCall && word_at(g, layout.syscall_sp) != 0;
  state.sp = word_at(g, in_system_call ? layout.syscall_sp : layout.sched_sp);
  state.pc = word_at(g, in_system_call ? layout.syscall_pc : layout.sched_pc);
  return state;
}

std::size_t bytes_of_g(const plan::StackLayout& layout) {
  return std::max({layout.goid, layout.stack_lo, layout.stack_hi, layout.status, layout.sched_sp,
                   layout.sched_pc, layout.syscall_sp, layout.syscall_pc}) +
         kWord;
}

// A stretch of one stack, as far as it was read.
struct StackPart {
  std::uint64_t begin = 0;
  std::vector<std::byte> bytes;
};

class Walker {
 public:
  explicit Walker(const WalkRequest& request)
      : request_(&request),
        g_size_(bytes_of_g(*request.layout)),
        deadline_(base::thread_processor_time() + kMostProcessorTime) {}

  void walk(std::span<const std::uint64_t> addresses) {
    const std::vector<State> before = read_states(addresses);
    std::vector<StackPart> stacks(addresses.size());
    read_stacks(before, stacks);
    const std::vector<State> after = read_states(addresses);
    unreadable_ += static_cast<std::uint64_t>(std::ranges::count(before, false, &State::is_read));
    result_.is_complete = unreadable_ <= kMostUnreadable && base::thread_processor_time() < deadline_;
    for (std::size_t i = 0; i < addresses.size() && result_.is_complete; ++i) {
      if (before[i].has_ended()) {
        continue;
      }
      WalkedGoroutine goroutine{.id = before[i].id, .address = addresses[i]};
      // What moved while it was read may be a mixture of two moments.
      const bool is_still = before[i] == after[i];
      goroutine.is_whole =
          is_still && before[i].can_be_followed() && follow(before[i], stacks[i], goroutine.frames);
      goroutine.is_lost = is_still && !goroutine.is_whole && !before[i].is_running();
      std::ranges::reverse(goroutine.frames);
      kept_ += goroutine.frames.size();
      result_.goroutines.push_back(std::move(goroutine));
    }
  }

  [[nodiscard]] bool goes_on() const { return result_.is_complete; }

  GoroutineWalk take() {
    std::ranges::sort(result_.goroutines, {}, &WalkedGoroutine::id);
    return std::move(result_);
  }

 private:
  std::vector<State> read_states(std::span<const std::uint64_t> addresses) {
    std::vector<std::byte> bytes(addresses.size() * g_size_);
    std::vector<ProcessMemory::Part> parts;
    parts.reserve(addresses.size());
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      parts.push_back({.address = addresses[i], .to = std::span(bytes).subspan(i * g_size_, g_size_)});
    }
    result_.reads += request_->memory->read_all(parts);
    std::vector<State> states;
    states.reserve(parts.size());
    for (const ProcessMemory::Part& part : parts) {
      states.push_back(part.is_read ? state_in(*request_->layout, part.to) : State{});
    }
    return states;
  }

  void read_stacks(const std::vector<State>& states, std::vector<StackPart>& stacks) {
    std::vector<ProcessMemory::Part> parts;
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i].can_be_followed()) {
        stacks[i].begin = states[i].sp;
        stacks[i].bytes.resize(std::min(states[i].stack_hi - states[i].sp, kFirstPart));
        parts.push_back({.address = stacks[i].begin, .to = stacks[i].bytes});
      }
    }
    result_.reads += request_->memory->read_all(parts);
  }

  std::optional<std::uint64_t> word(const State& state, std::uint64_t address, StackPart& part) {
    if (address < part.begin || address > state.stack_hi - kWord) {
      return std::nullopt;
    }
    if (address - part.begin + kWord > part.bytes.size()) {
      part.begin = address;
      part.bytes.resize(std::min(state.stack_hi - address, kNextPart));
      ++result_.reads;
      if (!request_->memory->read(part.begin, part.bytes)) {
        return std::nullopt;
      }
    }
    return word_at(part.bytes, address - part.begin);
  }

  // A return address is behind the call. Where a function begins nothing was called: the runtime has put the
  // address there (before Go 1.21 asmcgocall does it with that of systemstack_switch); runtime/traceback.go
  // tells the two apart in the same way.
  std::uint64_t calling_instruction(std::uint64_t return_address) const {
    const auto place = request_->place_of(static_cast<inspect::VirtualAddress>(return_address));
    const bool begins_function = place && value_of(place->entry) == return_address;
    return begins_function ? return_address : return_address - 1;
  }

  // With so many frames of the goroutine kept.
  bool may_go_on(std::size_t kept) {
    if (kept_ + kept > kMostKept ||
        (result_.frames % kFramesPerLookAtTheClock == 0 && base::thread_processor_time() > deadline_)) {
      result_.is_complete = false;
    }
    return result_.is_complete;
  }

  // From the innermost frame to the outermost; false where the way is lost.
  bool follow(const State& state, StackPart& part, std::vector<WalkedFrame>& frames) {
    std::uint64_t sp = state.sp;
    std::uint64_t instruction = state.pc - request_->bias;
    for (std::uint64_t count = 0; count < kMostFrames && may_go_on(frames.size()); ++count) {
      const auto place = request_->place_of(static_cast<inspect::VirtualAddress>(instruction));
      if (!place || place->is_top) {
        return place.has_value();
      }
      ++result_.frames;
      sp += place->stack_delta;
      const auto caller = place->is_followable ? word(state, sp, part) : std::nullopt;
      if (!caller) {
        return false;
      }
      // Without its frame a function has not passed the entry probe yet (it may begin anew after its stack
      // has grown), or is about to return.
      if (place->stack_delta != 0 && request_->wanted->contains(value_of(place->entry))) {
        frames.push_back({value_of(place->entry), static_cast<std::uint32_t>(state.stack_hi - sp)});
      }
      sp += kWord;
      instruction =
          place->was_injected ? *caller - request_->bias : calling_instruction(*caller - request_->bias);
    }
    return false;
  }

  const WalkRequest* request_;  // the caller's
  std::size_t g_size_;
  std::chrono::nanoseconds deadline_;  // of this thread's processor time
  std::uint64_t kept_ = 0;             // frames of all goroutines
  std::uint64_t unreadable_ = 0;
  GoroutineWalk result_;
};

struct Slice {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

// runtime/proc.go, allgadd: allgs is a slice, allgptr a copy of its first word, allglen of its second.
// Numbers may be equal by chance, so several can look like it.
std::vector<Slice> possible_lists(const WalkRequest& request) {
  struct Words {
    std::array<std::byte, 3 * kWord> bytes{};
  };

  const auto& candidates = request.layout->list_candidates;
  std::vector<Words> words(candidates.size());
  std::vector<ProcessMemory::Part> parts;
  parts.reserve(candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    parts.push_back({.address = value_of(candidates[i]) + request.bias, .to = words[i].bytes});
  }
  static_cast<void>(request.memory->read_all(parts));
  const auto has_copy = [&](std::size_t of, std::uint64_t value) {
    return std::ranges::any_of(parts, [&](const ProcessMemory::Part& part) {
      const bool is_part_of_it = part.address - parts[of].address < 3 * kWord;
      return part.is_read && !is_part_of_it && word_at(part.to, 0) == value;
    });
  };
  std::vector<Slice> found;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Slice slice{word_at(parts[i].to, 0), word_at(parts[i].to, kWord)};
    if (parts[i].is_read && slice.first != 0 && slice.length != 0 &&
        slice.length <= word_at(parts[i].to, 2 * kWord) && has_copy(i, slice.first) &&
        has_copy(i, slice.length)) {
      found.push_back(slice);
    }
  }
  return found;
}

bool has_twice(std::vector<std::uint64_t> words) {
  std::ranges::sort(words);
  return std::ranges::adjacent_find(words) != words.end();
}

// The words of a list of pointers to goroutines; none where it cannot be one.
std::optional<std::vector<std::uint64_t>> pointers_of(const WalkRequest& request, const Slice& slice) {
  if (slice.first % kWord != 0 || slice.length > kMostGoroutines) {
    return std::nullopt;
  }
  std::vector<std::uint64_t> pointers(slice.length);
  if (!request.memory->read(slice.first, std::as_writable_bytes(std::span(pointers))) ||
      std::ranges::find(pointers, std::uint64_t{0}) != pointers.end() || has_twice(pointers)) {
    return std::nullopt;
  }
  return pointers;
}

}  // namespace

const WalkedGoroutine* GoroutineWalk::find(std::uint64_t id) const {
  const auto found = std::ranges::lower_bound(goroutines, id, {}, &WalkedGoroutine::id);
  return found != goroutines.end() && found->id == id ? &*found : nullptr;
}

base::Result<std::vector<std::uint64_t>> list_goroutines(const WalkRequest& request) {
  // A goroutine that is just added is in one of the copies and not yet in the others.
  constexpr int kAttempts = 20;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    for (const Slice& slice : possible_lists(request)) {
      if (auto pointers = pointers_of(request, slice)) {
        return *std::move(pointers);
      }
    }
  }
  return base::fail(ErrorCode::kNotFound,
                    "the list of goroutines (runtime.allgs) is not where runtime.allgadd has it");
}

GoroutineWalk walk_goroutines(const WalkRequest& request, std::span<const std::uint64_t> addresses) {
  Walker walker(request);
  while (!addresses.empty() && walker.goes_on()) {
    const auto now = addresses.first(std::min(addresses.size(), kGoroutinesAtOnce));
    walker.walk(now);
    addresses = addresses.subspan(now.size());
  }
  return walker.take();
}

}  // namespace collect
