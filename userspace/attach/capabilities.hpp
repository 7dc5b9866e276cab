// The capabilities that the exporter works with, and giving up the rest.
#pragma once

#include <string>

#include "attach/kernel_support.hpp"
#include "base/error.hpp"

namespace attach {

[[nodiscard]] bool has_capability(unsigned capability);

// Error: the missing ones, each with what it is for.
[[nodiscard]] base::Result<> check_capabilities();

// What works less well for want of a capability; "" where nothing does.
[[nodiscard]] std::string weakened_by_capabilities();

// Gives up, for this thread and those it starts, all capabilities that attaching, reading and following do
// not need, and the possibility to gain any by a program that is run.
[[nodiscard]] base::Result<> drop_capabilities(const KernelSupport& kernel);

}  // namespace attach
