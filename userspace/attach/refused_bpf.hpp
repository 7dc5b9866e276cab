// Who keeps a process that has the capabilities from calling bpf(): for messages.
#pragma once

#include <string>
#include <string_view>

namespace attach {

// What the kernel says of this process; "" where it says nothing.
struct Confinement {
  std::string status;    // /proc/self/status
  std::string apparmor;  // /proc/self/attr/apparmor/current: "docker-default (enforce)", "unconfined"
  std::string lockdown;  // /sys/kernel/security/lockdown: "none [integrity] confidentiality"
};

[[nodiscard]] Confinement read_confinement();

// What most likely refuses bpf(), and what to do about it.
[[nodiscard]] std::string explain_refused_bpf(const Confinement& confinement);

}  // namespace attach
