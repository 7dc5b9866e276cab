#include "base/service_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"
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

std::string text_of(ServiceState state) {
  switch (state) {
    case ServiceState::kReady:
      return "READY=1";
    case ServiceState::kReloading: {
      // systemd compares it with the moment at which it asked for the reload.
      const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
          std::chrono::steady_clock::now().time_since_epoch());
      return fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count());
    }
    case ServiceState::kStopping:
      return "STOPPING=1";
  }
  std::unreachable();
}

}  // namespace

void tell_systemd(ServiceState state, Logger& log) {
  if (const Result<> sent = send_state(text_of(state)); !sent) {
    log.warn("systemd does not know our state", {{"error", sent.error().message}});
  }
}

}  // namespace base
