#include "attach/site_links.hpp"

#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>

#include "abi/cookie.h"
#include "attach/uprobe_multi.hpp"
#include "plan/machine/stepping.hpp"

namespace attach {
namespace {

using base::fail_errno;
using base::Result;
using base::UniqueFd;

constexpr const char* kProbeType = "/sys/bus/event_source/devices/uprobe/type";

std::uint64_t cookie_of(const plan::Site& site) {
  return std::uint64_t{site.function} << ABI_COOKIE_SHIFT |
         std::uint64_t{plan::is_stack_check(site)} << ABI_COOKIE_CHECK | inspect::value_of(site.address);
}

Result<UniqueFd> link_all_at_once(int program, std::span<const plan::Site> sites,
                                  const LinkOptions& options) {
  std::vector<unsigned long> offsets;
  std::vector<__u64> cookies;
  for (const plan::Site& site : sites) {
    offsets.push_back(inspect::value_of(site.offset));
    cookies.push_back(cookie_of(site));
  }
  LIBBPF_OPTS(bpf_link_create_opts, create);
  create.uprobe_multi.path = options.open_path.c_str();
  create.uprobe_multi.offsets = offsets.data();
  create.uprobe_multi.cookies = cookies.data();
  create.uprobe_multi.cnt = static_cast<__u32>(offsets.size());
  create.uprobe_multi.pid = static_cast<__u32>(options.process.value_or(0));
  UniqueFd link(bpf_link_create(program, 0, kTraceUprobeMulti, &create));
  if (!link) {
    return fail_errno(errno, "attaching {} sites of {}", sites.size(), options.open_path);
  }
  return link;
}

// A uprobe as a perf event: Documentation of perf_event_open(2), "uprobe PMU"; its type number is the
// kernel's.
Result<UniqueFd> open_event(const plan::Site& site, const LinkOptions& options) {
  std::uint32_t type = 0;
  if (!(std::ifstream(kProbeType) >> type)) {
    return base::fail(base::ErrorCode::kKernel, "{} cannot be read: the kernel needs CONFIG_UPROBE_EVENTS",
                      kProbeType);
  }
  perf_event_attr attributes{};
  attributes.type = type;
  attributes.size = sizeof(attributes);
  attributes.uprobe_path = reinterpret_cast<std::uint64_t>(options.open_path.c_str());
  attributes.probe_offset = inspect::value_of(site.offset);
  // For all processes an event must name some CPU; the program runs on every CPU all the same.
  const pid_t process = options.process.value_or(-1);
  const int cpu = options.process ? -1 : 0;
  UniqueFd event(
      static_cast<int>(::syscall(SYS_perf_event_open, &attributes, process, cpu, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!event) {
    return fail_errno(errno, "attaching at {:#x} of {}", inspect::value_of(site.address), options.open_path);
  }
  return event;
}

Result<UniqueFd> link_by_event(int program, const plan::Site& site, const LinkOptions& options) {
  ASSIGN_OR_RETURN(const UniqueFd event, open_event(site, options));
  LIBBPF_OPTS(bpf_link_create_opts, create);
  create.perf_event.bpf_cookie = cookie_of(site);
  UniqueFd link(bpf_link_create(program, event.value(), BPF_PERF_EVENT, &create));
  if (!link) {
    return fail_errno(errno, "attaching at {:#x} of {}", inspect::value_of(site.address), options.open_path);
  }
  return link;
}

}  // namespace

base::Result<std::vector<base::UniqueFd>> link_sites(int program, std::span<const plan::Site> sites,
                                                     const LinkOptions& options) {
  std::vector<UniqueFd> links;
  if (options.uprobe_multi) {
    ASSIGN_OR_RETURN(UniqueFd link, link_all_at_once(program, sites, options));
    links.push_back(std::move(link));
    return links;
  }
  for (const plan::Site& site : sites) {
    ASSIGN_OR_RETURN(UniqueFd link, link_by_event(program, site, options));
    links.push_back(std::move(link));
  }
  return links;
}

}  // namespace attach
