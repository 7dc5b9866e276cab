#include "expose/connection_deadlines.hpp"

#include <sys/socket.h>

namespace expose {

ConnectionDeadlines::ConnectionDeadlines() : watcher_([this](const std::stop_token& stop) { watch(stop); }) {}

void ConnectionDeadlines::set(int socket, std::chrono::seconds limit) {
  const std::scoped_lock lock(mutex_);
  deadlines_[socket] = std::chrono::steady_clock::now() + limit;
}

void ConnectionDeadlines::forget(int socket) {
  const std::scoped_lock lock(mutex_);
  deadlines_.erase(socket);
}

void ConnectionDeadlines::watch(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    stopped_.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
    const auto now = std::chrono::steady_clock::now();
    // The server's thread sees the end of the connection and closes it.
    std::erase_if(deadlines_, [now](const auto& entry) {
      return entry.second <= now && ::shutdown(entry.first, SHUT_RDWR) == 0;
    });
  }
}

}  // namespace expose
