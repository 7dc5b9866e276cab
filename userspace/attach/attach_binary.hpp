// ProbePlan -> AttachedBinary: the façade of stage 5.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "attach/attached_binary.hpp"
#include "attach/kernel_support.hpp"
#include "attach/process_watch.hpp"
#include "base/error.hpp"
#include "config/probe_config.hpp"
#include "discover/target.hpp"
#include "plan/probe_plan.hpp"

namespace attach {

// Gives every probe of the exporter a number; numbers are not used again.
class ProbeNumbers {
 public:
  // Error: all ABI_PROBES numbers are taken.
  [[nodiscard]] base::Result<std::uint16_t> next();

 private:
  std::uint16_t next_ = 0;
};

// Bit of a service in process.services and probe_spec.services: its index in the config.
[[nodiscard]] std::uint64_t service_bits(const config::ProbeConfig& config, const std::vector<std::string>& services);

// Loads what the plan says and attaches it to the processes of `target`. A probe that the kernel refuses carries its
// error and the others go on; the error returned means that nothing at all can be attached.
[[nodiscard]] base::Result<AttachedBinary> attach_binary(const config::ProbeConfig& config,
                                                         const discover::Target& target, plan::ProbePlan plan,
                                                         const ProcessWatch& watch, const KernelSupport& kernel,
                                                         ProbeNumbers& numbers);

// With Scope::kProcess: attaches to members that are new, detaches from those that are gone.
[[nodiscard]] base::Result<> follow_members(AttachedBinary& binary, const discover::Target& target,
                                            const KernelSupport& kernel);

// Takes all breakpoints away, then gives the lease back. What was counted stays.
void detach(AttachedBinary& binary);

}  // namespace attach
