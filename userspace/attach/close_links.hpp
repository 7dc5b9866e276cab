// Taking breakpoints out.
#pragma once

#include <vector>

#include "attach/attached_binary.hpp"

namespace attach {

// Closes all links at once. Each waits for the kernel's grace periods, tens of milliseconds, which those that
// are closed at the same time have in common. Blocks until all breakpoints are gone: no lock should be held.
void close_links(std::vector<Links> links);

}  // namespace attach
