// A TCP connection to a server on this machine, for tests that send what no HTTP client would.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.hpp"

namespace support {

class RawHttp {
 public:
  explicit RawHttp(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.value(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0) {
      ::setsockopt(fd_.value(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        fd_ && ::connect(fd_.value(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }

  [[nodiscard]] bool is_connected() const { return connected_; }

  RawHttp& send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.value(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        break;  // closed by the server: what it answered can still be read
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return *this;
  }

  // Whether receive() would return at once.
  [[nodiscard]] bool has_news() const {
    pollfd entry{.fd = fd_.value(), .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, 0) > 0;
  }

  // Some bytes; "" at the end, when the connection was reset, or after 20 seconds.
  std::string receive() {
    std::array<char, 65536> buffer{};
    const ssize_t got = ::recv(fd_.value(), buffer.data(), buffer.size(), 0);
    return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : std::string();
  }

  std::string receive_until(std::string_view end) {
    std::string all;
    while (all.find(end) == std::string::npos) {
      const std::string more = receive();
      if (more.empty()) {
        break;
      }
      all += more;
    }
    return all;
  }

  std::string receive_all() {
    std::string all;
    for (std::string more = receive(); !more.empty(); more = receive()) {
      all += more;
    }
    return all;
  }

 private:
  base::UniqueFd fd_;
  bool connected_ = false;
};

}  // namespace support
