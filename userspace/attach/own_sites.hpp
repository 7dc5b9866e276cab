// Places in this very program, to be probed.
#pragma once

#include "base/error.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// The site of an instruction of the running executable, as an address in memory. kNotFound: none of its
// segments holds it.
[[nodiscard]] base::Result<plan::Site> own_site(const void* instruction);

}  // namespace attach
