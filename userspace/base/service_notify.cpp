#include "base/service_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include "base/unique_fd.hpp"

namespace base {
namespace {

Result<> send_state(std::string_view state) {
  const char* variable = std::getenv("NOTIFY_SOCKET");
  const std::string_view path = variable == nullptr ? "" : variable;
  if (path.empty()) {
    return {};
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return fail(ErrorCode::kIo, "telling systemd: $NOTIFY_SOCKET is too long: {}", path);
  }
  path.copy(address.sun_path, path.size());
  if (path.front() == '@') {
    address.sun_path[0] = '\0';  // a socket without a file
  }
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::sendto(fd.value(), state.data(), state.size(), MSG_NOSIGNAL,
                      reinterpret_cast<const sockaddr*>(&address), size) < 0) {
    return fail_errno(errno, "telling systemd by {}", path);
  }
  return {};
}

}  // namespace

Result<> notify_ready() {
  return send_state("READY=1");
}

Result<> notify_reloading() {
  // systemd compares it with the moment at which it asked for the reload.
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  return send_state(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

Result<> notify_stopping() {
  return send_state("STOPPING=1");
}

}  // namespace base
