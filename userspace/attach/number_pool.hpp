// Small numbers that stand in maps: of probes, of gates.
#pragma once

#include <cstdint>
#include <set>

#include "base/error.hpp"

namespace attach {

class NumberPool {
 public:
  // Gives numbers below `limit`. `what` is for messages: "probe numbers".
  NumberPool(std::uint16_t limit, const char* what) : limit_(limit), what_(what) {}

  // The lowest that is free.
  [[nodiscard]] base::Result<std::uint16_t> take() {
    std::uint16_t number = 0;
    while (taken_.contains(number)) {
      ++number;
    }
    if (number >= limit_) {
      return base::fail(base::ErrorCode::kUnsupported,
                        "all {} {} are taken; probe fewer functions or binaries", limit_, what_);
    }
    taken_.insert(number);
    return number;
  }

  // This one is in use already.
  void reserve(std::uint16_t number) { taken_.insert(number); }

  void give_back(std::uint16_t number) { taken_.erase(number); }

 private:
  std::uint16_t limit_;
  const char* what_;
  std::set<std::uint16_t> taken_;
};

}  // namespace attach
