#include "base/signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace base {

Result<Signals> Signals::block(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) {
    sigaddset(&set, signal);
  }
  if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return fail_errno(error, "blocking signals");
  }
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!fd) {
    return fail_errno(errno, "waiting for signals");
  }
  return Signals(std::move(fd));
}

int Signals::wait() const {
  signalfd_siginfo received{};
  while (::read(fd_.value(), &received, sizeof(received)) < 0 && errno == EINTR) {
  }
  return static_cast<int>(received.ssi_signo);
}

std::optional<int> Signals::wait_for(std::chrono::milliseconds time) const {
  pollfd entry{.fd = fd_.value(), .events = POLLIN, .revents = 0};
  return ::poll(&entry, 1, static_cast<int>(time.count())) > 0 ? std::optional(wait()) : std::nullopt;
}

bool Signals::take() const {
  bool any = false;
  pollfd entry{.fd = fd_.value(), .events = POLLIN, .revents = 0};
  while (::poll(&entry, 1, 0) > 0) {
    any = wait() != 0;
  }
  return any;
}

}  // namespace base
