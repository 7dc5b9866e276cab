// Telling systemd how far we are, by the protocol of sd_notify(3): a datagram to the socket that
// $NOTIFY_SOCKET names. Without it, as when started by hand, nothing is sent. libsystemd would bring four
// libraries of compression and cryptography into a privileged process for these lines.
#pragma once

#include "base/error.hpp"

namespace base {

// Started, or done with what notify_reloading() announced.
[[nodiscard]] Result<> notify_ready();
[[nodiscard]] Result<> notify_reloading();
[[nodiscard]] Result<> notify_stopping();

}  // namespace base
