#include "expose/request_workers.hpp"

#include <utility>

namespace expose {

RequestWorkers::RequestWorkers(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

RequestWorkers::~RequestWorkers() {
  stop();
}

bool RequestWorkers::add(std::function<void()> job) {
  const std::scoped_lock lock(mutex_);
  if (is_stopping_) {
    return false;
  }
  jobs_.push_back(std::move(job));
  changed_.notify_one();
  return true;
}

void RequestWorkers::stop() {
  {
    const std::scoped_lock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  threads_.clear();  // joins
}

void RequestWorkers::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) {
      return;
    }
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace expose
