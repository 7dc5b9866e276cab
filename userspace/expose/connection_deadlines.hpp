// Ends connections that take too long in all. A time limit for silence alone is not enough: one byte now and
// then keeps a connection open for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace expose {

class ConnectionDeadlines {
 public:
  ConnectionDeadlines();

  // Shuts `socket` down, within a second after `limit` has passed, unless set() or forget() is called for it
  // before.
  void set(int socket, std::chrono::seconds limit);

  // To be called before `socket` is closed: its number may then be another's.
  void forget(int socket);

 private:
  void watch(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any stopped_;
  std::map<int, std::chrono::steady_clock::time_point> deadlines_;
  std::jthread watcher_;  // last: it uses the others
};

}  // namespace expose
