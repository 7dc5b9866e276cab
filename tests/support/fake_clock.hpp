// A clock that stands still until the test moves it.
#pragma once

#include "base/clock.hpp"

namespace support {

class FakeClock final : public base::Clock {
 public:
  [[nodiscard]] std::chrono::steady_clock::time_point steady_now() const override { return steady_; }

  [[nodiscard]] std::chrono::system_clock::time_point wall_now() const override { return wall_; }

  void advance(std::chrono::milliseconds time) {
    steady_ += time;
    wall_ += time;
  }

 private:
  std::chrono::steady_clock::time_point steady_{std::chrono::hours(100)};
  std::chrono::system_clock::time_point wall_{std::chrono::seconds(1'767'323'045)};  // 2026-01-02T03:04:05Z
};

}  // namespace support
