// Threads that make responses, so that those of the server never wait.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace expose {

class RequestWorkers {
 public:
  explicit RequestWorkers(unsigned threads);
  RequestWorkers(const RequestWorkers&) = delete;
  RequestWorkers& operator=(const RequestWorkers&) = delete;
  RequestWorkers(RequestWorkers&&) = delete;
  RequestWorkers& operator=(RequestWorkers&&) = delete;
  ~RequestWorkers();

  // `job` runs soon, by one of the threads; false after stop(), when nothing is taken any more. Called from
  // any thread.
  [[nodiscard]] bool add(std::function<void()> job);

  // Waits until every job that was taken has run.
  void stop();

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool is_stopping_ = false;
  std::vector<std::jthread> threads_;  // last: they use the others
};

}  // namespace expose
