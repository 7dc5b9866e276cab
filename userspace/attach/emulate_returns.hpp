// Whether the program of a probe does its returns itself (bpf/lib/return.bpf.h).
#pragma once

#include <span>
#include <string>

#include "abi/probe_spec.h"
#include "attach/kernel_support.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Fills in what it takes, where the kernel lets programs write registers and every one of `sites` in `file`
// takes an address from the stack and nothing else: RET, or REP RET. Otherwise, and where the file cannot be
// read, the kernel steps them.
void emulate_returns(const KernelSupport& kernel, const std::string& file, std::span<const plan::Site> sites,
                     probe_spec& spec);

}  // namespace attach
