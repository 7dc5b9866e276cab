// What it takes to attach one service's probes to one binary.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "abi/limits.h"
#include "attach/attached_binary.hpp"
#include "attach/kernel_support.hpp"
#include "attach/number_pool.hpp"
#include "attach/pin_folder.hpp"
#include "attach/process_watch.hpp"
#include "attach/service_bits.hpp"
#include "config/probe_config.hpp"
#include "discover/target.hpp"

namespace attach {

// Numbers in use, in the kernel's maps too.
struct UnitNumbers {
  NumberPool probes{ABI_PROBES, "probe numbers"};
  NumberPool gates{ABI_GATES, "gates"};
};

struct AttachRequest {
  const config::ProbeConfig* config = nullptr;
  const discover::Target* target = nullptr;  // only members of `service`
  std::string service;
  const ProcessWatch* watch = nullptr;
  const ServiceBits* service_bits = nullptr;
  KernelSupport kernel;
  // The generation before, attached or not. Probes that compute the same go on with its numbers, counts and
  // calls in flight; `plan` has its numbers (plan::keep_numbers).
  const AttachedBinary* earlier = nullptr;
  bool earlier_counts = false;     // its programs are attached, here or in an exporter that hands over
  std::set<std::size_t> detached;  // probes of the plan that are to be without links for now
  PinFolder units;                 // where what is counted is kept
};

}  // namespace attach
