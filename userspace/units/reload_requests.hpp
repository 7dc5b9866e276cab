// Requests for the configuration to be loaded again, from server threads to the thread that follows
// processes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "base/error.hpp"

namespace units {

class ReloadRequests {
 public:
  using Ticket = std::uint64_t;

  // Calls `wake`, which must bring the following thread to pending(), and waits for the result of a load that
  // began after the call. Any thread.
  [[nodiscard]] base::Result<> ask(const std::function<void()>& wake);

  // The last request so far; to be noted before the file is read.
  [[nodiscard]] Ticket last() const;
  [[nodiscard]] bool is_pending() const;

  // The result of a load that began when `upto` was the last request.
  void answer(Ticket upto, base::Result<> result);

  // Nobody loads from here on: all get this answer.
  void refuse(base::Error reason);

 private:
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  Ticket asked_ = 0;
  Ticket done_ = 0;
  bool is_refused_ = false;
  base::Result<> result_;
};

}  // namespace units
