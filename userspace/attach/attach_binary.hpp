// ProbePlan -> AttachedBinary: the façade of stage 5.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "abi/limits.h"
#include "attach/attached_binary.hpp"
#include "attach/kernel_support.hpp"
#include "attach/number_pool.hpp"
#include "attach/pin_folder.hpp"
#include "attach/process_watch.hpp"
#include "attach/service_bits.hpp"
#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "discover/target.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Numbers in use, in the kernel's maps too.
struct UnitNumbers {
  NumberPool probes{ABI_PROBES, "probe numbers"};
  NumberPool gates{ABI_GATES, "gates"};
};

// A probe's series map must hold what the largest of its metrics may have, and the overflow series.
[[nodiscard]] std::uint32_t series_limit_of(const config::ProbeConfig& config, const plan::PlannedProbe& probe);

struct AttachRequest {
  const config::ProbeConfig* config = nullptr;
  const discover::Target* target = nullptr;  // only members of `service`
  std::string service;
  const ProcessWatch* watch = nullptr;
  const ServiceBits* service_bits = nullptr;
  KernelSupport kernel;
  // The generation before, attached or not. Probes that compute the same go on with its numbers, counts and calls in
  // flight; `plan` has its numbers (plan::keep_numbers).
  const AttachedBinary* earlier = nullptr;
  bool earlier_counts = false;  // its programs are attached, here or in an exporter that hands over
  PinFolder units;  // where what is counted is kept
};

// Loads what the plan says and attaches it to the processes of the target; it counts when its gate is opened (gate.hpp).
// A probe that the kernel refuses carries its error and the others go on; the error returned means that nothing at all
// can be attached.
[[nodiscard]] base::Result<AttachedBinary> attach_binary(const AttachRequest& request, plan::ProbePlan plan,
                                                         UnitNumbers& numbers);

// With Scope::kProcess: attaches to members that are new, detaches from those that are gone.
[[nodiscard]] base::Result<> follow_members(AttachedBinary& binary, const discover::Target& target,
                                            const KernelSupport& kernel);

// Takes all breakpoints away, then gives the lease back. What was counted stays.
void detach(AttachedBinary& binary);

}  // namespace attach
