// Whether there is anything to see from here.
#pragma once

#include <sys/types.h>

#include <string>

namespace discover {

// Whether all processes below `proc_root` are `self` and its ancestors: this is a pid namespace of our own,
// and services elsewhere cannot be seen. The host's always has others.
[[nodiscard]] bool is_alone(const std::string& proc_root, pid_t self);

}  // namespace discover
