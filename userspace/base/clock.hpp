// Time that tests can set: whatever needs "now" gets a Clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

namespace base {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  Clock(Clock&&) = delete;
  Clock& operator=(Clock&&) = delete;
  virtual ~Clock() = default;

  // For intervals; jumps of the system's clock do not touch it.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;
  // For people and for timestamps that leave this machine.
  [[nodiscard]] virtual std::chrono::system_clock::time_point wall_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now();
  }

  [[nodiscard]] std::chrono::system_clock::time_point wall_now() const override {
    return std::chrono::system_clock::now();
  }
};

// The kernel's clock for what outlives a process: it goes on while the machine sleeps, and begins at 0 with
// the boot.
inline std::uint64_t boot_time_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

// What this thread has used so far: cost, however busy the machine is.
[[nodiscard]] inline std::chrono::nanoseconds thread_processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace base
