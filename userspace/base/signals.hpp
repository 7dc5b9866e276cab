// Signals as something to wait for.
#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace base {

class Signals {
 public:
  // Blocks the signals in this thread and those it starts from now on.
  static Result<Signals> block(std::initializer_list<int> signals);

  // Returns the signal's number.
  [[nodiscard]] int wait() const;

  // The same, for at most `time`; nothing where no signal came.
  [[nodiscard]] std::optional<int> wait_for(std::chrono::milliseconds time) const;

  // Takes what has arrived, without waiting; false where there was nothing.
  [[nodiscard]] bool take() const;

  // Readable when a signal waits.
  [[nodiscard]] int fd() const { return fd_.value(); }

 private:
  explicit Signals(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace base
