// Telling systemd how far we are, by the protocol of sd_notify(3): a datagram to the socket that
// $NOTIFY_SOCKET names. Without it, as when started by hand, nothing is sent. libsystemd would bring four
// libraries of compression and cryptography into a privileged process for these lines.
#pragma once

#include "base/log.hpp"

namespace base {

enum class ServiceState { kReady, kReloading, kStopping };

// kReady is also the end of kReloading. That systemd does not listen stops nobody and is logged.
void tell_systemd(ServiceState state, Logger& log);

}  // namespace base
