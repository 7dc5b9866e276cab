// The instructions that a plan's breakpoints replace, as a number: a file that has others at these places is
// another program, whatever its name, size and times are.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Of 16 bytes at each site, the most that the kernel copies (arch/x86/include/asm/uprobes.h,
// MAX_UINSN_BYTES), and of the file's size. Files are read, not mapped: a file that is too short is an error
// that names it.
[[nodiscard]] base::Result<std::uint64_t> digest_of_code(const std::string& path,
                                                         const plan::ProbePlan& plan);

}  // namespace attach
