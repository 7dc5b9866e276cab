// The only file that knows libcap-ng.
#include "attach/capabilities.hpp"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace attach {
namespace {

struct NeededCapability {
  unsigned capability;
  const char* name;
  const char* purpose;
};

constexpr std::array<NeededCapability, 4> kNeeded{{
    {CAP_BPF, "CAP_BPF", "loading programs and maps"},
    {CAP_PERFMON, "CAP_PERFMON", "attaching probes and reading kernel task structs"},
    {CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
     "opening /proc/PID/exe and reading polled gauges of other users' processes"},
    {CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "reading binaries of other users"},
}};

// What stays beside the needed ones where it was given.
std::vector<unsigned> useful_capabilities(const KernelSupport& kernel) {
  std::vector<unsigned> useful{CAP_LEASE};
  if (!kernel.uprobe_multi) {
    useful.push_back(CAP_SYS_ADMIN);  // perf events on uprobes
  }
  return useful;
}

}  // namespace

bool has_capability(unsigned capability) {
  capng_get_caps_process();
  return capng_have_capability(CAPNG_EFFECTIVE, capability) != 0;
}

base::Result<> check_capabilities() {
  // Before CAP_BPF and CAP_PERFMON were split off, and still, CAP_SYS_ADMIN stands for both.
  const bool admin = has_capability(CAP_SYS_ADMIN);
  std::string missing;
  for (const NeededCapability& needed : kNeeded) {
    const bool implied = admin && (needed.capability == CAP_BPF || needed.capability == CAP_PERFMON);
    if (!implied && !has_capability(needed.capability)) {
      missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", needed.name, needed.purpose);
    }
  }
  if (!missing.empty()) {
    return base::fail(base::ErrorCode::kPermission, "missing {}; run as root or give these capabilities",
                      missing);
  }
  return {};
}

std::string weakened_by_capabilities() {
  if (has_capability(CAP_LEASE)) {
    return "";
  }
  return "missing CAP_LEASE (holding binaries of other users against being overwritten): they are probed in "
         "each process "
         "apart, from a few milliseconds after its start";
}

base::Result<> drop_capabilities(const KernelSupport& kernel) {
  std::vector<unsigned> kept = useful_capabilities(kernel);
  std::ranges::transform(kNeeded, std::back_inserter(kept), &NeededCapability::capability);
  // Where CAP_SYS_ADMIN stood for others, it must go on doing so.
  if (!has_capability(CAP_BPF) || !has_capability(CAP_PERFMON)) {
    kept.push_back(CAP_SYS_ADMIN);
  }
  std::erase_if(kept, [](unsigned capability) { return !has_capability(capability); });

  // Limiting what can be gained later needs a capability itself; without it there is nothing to gain anyway,
  // see below.
  const bool may_bound = has_capability(CAP_SETPCAP);
  capng_clear(CAPNG_SELECT_ALL);
  for (const unsigned capability : kept) {
    capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET),
                 capability);
  }
  if (may_bound && capng_apply(CAPNG_SELECT_BOUNDS) != 0) {
    return base::fail_errno(errno, "limiting the capabilities that can be gained");
  }
  if (capng_apply(CAPNG_SELECT_CAPS) != 0) {
    return base::fail_errno(errno, "dropping capabilities");
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return base::fail_errno(errno, "setting no_new_privs");
  }
  return {};
}

}  // namespace attach
