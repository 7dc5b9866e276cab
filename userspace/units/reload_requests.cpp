#include "units/reload_requests.hpp"

#include <utility>

namespace units {

base::Result<> ReloadRequests::ask(const std::function<void()>& wake) {
  std::unique_lock lock(mutex_);
  const Ticket mine = ++asked_;
  wake();
  answered_.wait(lock, [&] { return is_refused_ || done_ >= mine; });
  return result_;
}

ReloadRequests::Ticket ReloadRequests::last() const {
  const std::scoped_lock lock(mutex_);
  return asked_;
}

bool ReloadRequests::is_pending() const {
  const std::scoped_lock lock(mutex_);
  return !is_refused_ && done_ < asked_;
}

void ReloadRequests::answer(Ticket upto, base::Result<> result) {
  const std::scoped_lock lock(mutex_);
  if (is_refused_) {
    return;
  }
  done_ = upto;
  result_ = std::move(result);
  answered_.notify_all();
}

void ReloadRequests::refuse(base::Error reason) {
  const std::scoped_lock lock(mutex_);
  is_refused_ = true;
  result_ = std::unexpected(std::move(reason));
  answered_.notify_all();
}

}  // namespace units
