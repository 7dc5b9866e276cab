// SIGINT and SIGTERM as something to wait for.
#pragma once

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace app {

class StopSignals {
 public:
  // Blocks both signals in this thread and those it starts from now on.
  static base::Result<StopSignals> block();

  // Returns the signal's number.
  [[nodiscard]] int wait() const;

 private:
  explicit StopSignals(base::UniqueFd fd) : fd_(std::move(fd)) {}

  base::UniqueFd fd_;
};

}  // namespace app
