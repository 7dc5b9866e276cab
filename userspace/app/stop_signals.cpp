#include "app/stop_signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace app {

base::Result<StopSignals> StopSignals::block() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr); error != 0) {
    return base::fail_errno(error, "blocking SIGINT and SIGTERM");
  }
  base::UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  if (!fd) {
    return base::fail_errno(errno, "waiting for signals");
  }
  return StopSignals(std::move(fd));
}

int StopSignals::wait() const {
  signalfd_siginfo received{};
  while (::read(fd_.value(), &received, sizeof(received)) < 0 && errno == EINTR) {
  }
  return static_cast<int>(received.ssi_signo);
}

}  // namespace app
