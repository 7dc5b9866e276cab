// A goroutine made by hand, and calls as Go makes them, in this very process.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <utility>

namespace bpf_test {

// Stands for runtime.g; what matters is where the plan says goid and stack.hi are.
struct Goroutine {
  std::uint64_t stack_lo = 0;
  std::uint64_t stack_hi = 0;  // offset 8
  std::uint64_t goid = 0;      // offset 16
  std::uint64_t panic = 0;     // offset 24: *_panic
};

// runtime._panic, as far as it is read.
struct Panic {
  std::uint64_t sp = 0;  // offset 0
};

extern "C" {
struct go_call {
  void (*function)();
  Goroutine* g;
  // RAX RBX RCX RDI RSI R8 R9 R10 R11; RAX RBX RCX RDI are results afterwards.
  std::array<std::uint64_t, 9> registers;
  const void* context;  // RDX
};

void call_as_go(go_call* call);

void probed_outer();
void probed_inner();
extern const char probed_outer_entry[], probed_outer_return[], probed_inner_entry[], probed_inner_return[];
void recovery_entry();
void goexit_entry();
}

// What a probed function runs inside, and what it returns.
struct Body {
  void (*run)(void*) = nullptr;
  void* argument = nullptr;
  std::array<std::uint64_t, 3> results{};
};

struct Arguments {
  std::array<std::uint64_t, 9> registers{};
  std::array<std::uint64_t, 3> results{};
};

// Calls `function` on goroutine `g`, with `inside` running in its frame.
inline void go_call_function(
    void (*function)(), Goroutine& g, const Arguments& arguments, std::function<void()> inside = [] {}) {
  Body body;
  body.run = [](void* run) { (*static_cast<std::function<void()>*>(run))(); };
  body.argument = &inside;
  body.results = arguments.results;
  go_call call{.function = function, .g = &g, .registers = arguments.registers, .context = &body};
  call_as_go(&call);
}

inline void go_call_plain(void (*function)(), Goroutine& g, std::uint64_t rax) {
  go_call call{.function = function, .g = &g, .registers = {rax}, .context = nullptr};
  call_as_go(&call);
}

}  // namespace bpf_test
