#include "expose/listen_address.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace expose {
namespace {

using base::ErrorCode;
using base::fail;
using base::fail_errno;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool valid = error == std::errc() && end == text.data() + text.size();
  return valid ? std::optional(port) : std::nullopt;
}

base::Result<AddressList> resolve(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const int status = ::getaddrinfo(host, fmt::to_string(address.port).c_str(), &hints, &found);
  if (status != 0) {
    return fail(ErrorCode::kInvalidConfig, "{}: {}", address.host, ::gai_strerror(status));
  }
  return AddressList(found, &::freeaddrinfo);
}

// 0 or an errno.
int bind_and_listen(int fd, const addrinfo& address) {
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.ai_family == AF_INET6) {
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);  // [::] takes IPv4 too
  }
  if (::bind(fd, address.ai_addr, address.ai_addrlen) != 0 || ::listen(fd, SOMAXCONN) != 0) {
    return errno;
  }
  return 0;
}

std::uint16_t port_of(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  // sin_port and sin6_port lie at the same place.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
}

base::Result<ListeningSocket> open_first(const addrinfo* addresses) {
  int first_failure = 0;
  // IPv6 first: where all addresses are meant, one such socket serves IPv4 as well.
  for (const int family : {AF_INET6, AF_INET}) {
    for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
      if (address->ai_family != family) {
        continue;
      }
      base::UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const int failure = fd ? bind_and_listen(fd.value(), *address) : errno;
      if (failure == 0) {
        const std::uint16_t port = port_of(fd.value());
        return ListeningSocket{.fd = std::move(fd), .port = port};
      }
      // A machine without IPv6 says so; that is no failure while IPv4 is left to try.
      if (first_failure == 0 || first_failure == EAFNOSUPPORT || first_failure == EADDRNOTAVAIL) {
        first_failure = failure;
      }
      if (failure == EADDRINUSE) {
        return fail(ErrorCode::kIo,
                    "address already in use; another exporter? choose another --web.listen-address");
      }
    }
  }
  return std::unexpected(base::error_from_errno(first_failure, "opening the socket"));
}

}  // namespace

base::Result<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::optional<std::uint16_t> port =
      colon == std::string_view::npos ? std::nullopt : parse_port(text.substr(colon + 1));
  if (!port) {
    return fail(ErrorCode::kInvalidConfig,
                "listen address \"{}\": no port from 0 to 65535 at its end; write :19435 or 127.0.0.1:19435",
                text);
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of("[]:") != std::string_view::npos) {
    return fail(ErrorCode::kInvalidConfig,
                "listen address \"{}\": write an IPv6 address in brackets: [::1]:19435", text);
  }
  return ListenAddress{.host = std::string(host), .port = *port};
}

base::Result<ListeningSocket> listen_on(const std::string& address) {
  ASSIGN_OR_RETURN(const ListenAddress parsed, parse_listen_address(address));
  auto addresses = resolve(parsed);
  if (!addresses) {
    return base::with_context(std::move(addresses.error()), "listening on {}", address);
  }
  auto socket = open_first(addresses->get());
  if (!socket) {
    return base::with_context(std::move(socket.error()), "listening on {}", address);
  }
  return std::move(*socket);
}

}  // namespace expose
