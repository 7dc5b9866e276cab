// "host:port" as exporters take it -> a listening socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace expose {

struct ListenAddress {
  std::string host;        // "" for all addresses, IPv4 and IPv6
  std::uint16_t port = 0;  // 0: the kernel chooses

  bool operator==(const ListenAddress&) const = default;
};

// ":19435", "127.0.0.1:0", "[::1]:9", "localhost:19435".
[[nodiscard]] base::Result<ListenAddress> parse_listen_address(std::string_view text);

struct ListeningSocket {
  base::UniqueFd fd;
  std::uint16_t port = 0;  // the real one
};

// Not blocking. Errors name the address as the user wrote it.
[[nodiscard]] base::Result<ListeningSocket> listen_on(const std::string& address);

}  // namespace expose
