#include "attach/attach_binary.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "attach/code_digest.hpp"
#include "attach/fill_spec.hpp"
#include "attach/load_generation.hpp"
#include "attach/pinned_binary.hpp"
#include "attach/site_links.hpp"

namespace attach {
namespace {

using base::fail;
using base::Result;

// Probes that put values into the frames of others come first: a call that is counted must not miss them.
std::vector<std::size_t> attach_order(const plan::ProbePlan& plan) {
  std::vector<std::size_t> order(plan.probes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_partition(order, [&](std::size_t i) { return !plan.probes[i].contributions.empty(); });
  return order;
}

Result<std::vector<ProbeLink>> link_probe(const AttachedBinary& binary, const AttachedProbe& probe,
                                          const LinkOptions& options) {
  std::vector<ProbeLink> links;
  const auto programs = binary.programs.find(probe.number);
  if (programs == binary.programs.end()) {
    return links;
  }
  for (const ProbeProgram& program : programs->second) {
    ASSIGN_OR_RETURN(std::vector<base::UniqueFd> made,
                     link_sites(program.fd.value(), program.sites, options));
    for (base::UniqueFd& link : made) {
      links.push_back({.probe = probe.number, .fd = std::move(link)});
    }
  }
  return links;
}

// Links of all probes; one whose sites the kernel refuses gets its error.
Result<std::vector<ProbeLink>> link_all(AttachedBinary& binary, const LinkOptions& options) {
  std::vector<ProbeLink> links;
  for (const AttachedProbe& hook : binary.unwind_hooks) {
    ASSIGN_OR_RETURN(std::vector<ProbeLink> made, link_probe(binary, hook, options));
    std::ranges::move(made, std::back_inserter(links));
  }
  for (const std::size_t i : attach_order(binary.plan)) {
    AttachedProbe& probe = binary.probes[i];
    if (probe.presence == Presence::kDetached) {
      continue;
    }
    if (auto made = link_probe(binary, probe, options)) {
      std::ranges::move(*made, std::back_inserter(links));
      if (binary.programs.contains(probe.number)) {
        probe.error.clear();  // of a process that had ended already
      }
    } else {
      probe.error = std::move(made.error().message);
    }
  }
  return links;
}

constexpr pid_t kAllProcesses = 0;

// Leaves `binary` without links and lease where the file is not the one that was inspected, or somebody waits
// to write to it.
Result<> link_file(AttachedBinary& binary, const KernelSupport& kernel) {
  const HeldFile& file = *binary.lease;
  if (file.is_unchanged()) {
    const LinkOptions options{
        .open_path = file.open_path(), .process = std::nullopt, .uprobe_multi = kernel.uprobe_multi};
    ASSIGN_OR_RETURN(binary.links[kAllProcesses], link_all(binary, options));
  }
  if (!file.is_unchanged()) {
    binary.links.clear();
    binary.lease.reset();
  }
  return {};
}

// pidfd_open(2): stays with this process when another gets its number.
base::UniqueFd open_process(pid_t process) {
  return base::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
}

bool has_ended(const base::UniqueFd& process) {
  pollfd entry{.fd = process.value(), .events = POLLIN, .revents = 0};
  return !process || ::poll(&entry, 1, 0) != 0;
}

bool holds_what_was_inspected(const HeldFile& file, const AttachedBinary& binary) {
  const auto digest = digest_of_code(file.open_path(), binary.plan);
  return file.id().has_same_content(binary.id) && digest && *digest == binary.code_digest;
}

// Without a lease: nobody can write to a file while a process runs it, so that breakpoints in this process
// are right as long as it was alive, and the file what was inspected, before and after they were set. Else
// none.
Result<std::optional<std::vector<ProbeLink>>> link_process(AttachedBinary& binary, const HeldFile& file,
                                                           pid_t pid, const base::UniqueFd& process,
                                                           const KernelSupport& kernel) {
  const auto is_sound = [&] { return !has_ended(process) && file.is_unchanged(); };
  if (!is_sound()) {
    return std::nullopt;
  }
  const LinkOptions options{
      .open_path = file.open_path(), .process = pid, .uprobe_multi = kernel.uprobe_multi};
  ASSIGN_OR_RETURN(std::vector<ProbeLink> links, link_all(binary, options));
  if (!is_sound()) {
    return std::nullopt;
  }
  return links;
}

void give_up_ended(AttachedBinary& binary, const discover::Target& target, Links& gone) {
  for (auto entry = binary.links.begin(); entry != binary.links.end();) {
    const auto next = std::next(entry);
    const pid_t pid = entry->first;
    if (has_ended(binary.processes[pid]) || std::ranges::none_of(target.members, [pid](const auto& member) {
          return member.process.pid == pid;
        })) {
      gone.insert(binary.links.extract(entry));
      binary.processes.erase(pid);
    }
    entry = next;
  }
}

// What was pinned for a generation that cannot be attached, but for what it shares with the one before.
void forget(const AttachRequest& request, AttachedBinary& binary) {
  for (std::size_t i = binary.probes.size(); request.earlier != nullptr && i-- > 0;) {
    const auto& kept = request.earlier->probes;
    if (std::ranges::find(kept, binary.probes[i].number, &AttachedProbe::number) != kept.end()) {
      binary.probes.erase(binary.probes.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  if (binary.generation != 0) {
    unpin(request.units, binary, request.earlier == nullptr);
  }
}

Result<> load_and_link(const AttachRequest& request, HeldFile file, UnitNumbers& numbers,
                       AttachedBinary& binary) {
  ASSIGN_OR_RETURN(binary.code_digest, digest_of_code(file.open_path(), binary.plan));
  RETURN_IF_ERROR(load_generation(request, numbers, binary));
  RETURN_IF_ERROR(pin_binary(request.units, binary));
  // Without a lease only the service's own processes are trapped.
  if (file.has_lease()) {
    binary.lease = std::move(file);
    return link_file(binary, request.kernel);
  }
  binary.scope = Scope::kProcess;
  Links none;
  return follow_members(binary, *request.target, request.kernel, none);
}

}  // namespace

bool has_new_member(const AttachedBinary& binary, const discover::Target& target) {
  return std::ranges::any_of(target.members, [&](const discover::Target::Member& member) {
    return !binary.links.contains(member.process.pid);
  });
}

base::Result<> follow_members(AttachedBinary& binary, const discover::Target& target,
                              const KernelSupport& kernel, Links& gone) {
  if (binary.scope == Scope::kFile) {
    return {};
  }
  give_up_ended(binary, target, gone);
  if (!has_new_member(binary, target)) {
    return {};
  }
  const auto file = HeldFile::open(target.open_path, Lease::kNone);
  if (!file || !holds_what_was_inspected(*file, binary)) {
    return {};  // the next look at the processes finds what is there now
  }
  for (const discover::Target::Member& member : target.members) {
    const pid_t pid = member.process.pid;
    if (binary.links.contains(pid)) {
      continue;
    }
    base::UniqueFd process = open_process(pid);
    ASSIGN_OR_RETURN(auto links, link_process(binary, *file, pid, process, kernel));
    if (links) {
      binary.links[pid] = *std::move(links);
      binary.processes[pid] = std::move(process);
    }
  }
  return {};
}

Links take_links(AttachedBinary& binary, const std::set<std::size_t>& probes) {
  std::set<std::uint16_t> numbers;
  for (const std::size_t i : probes) {
    numbers.insert(binary.probes[i].number);
  }
  Links taken;
  for (auto& [process, links] : binary.links) {
    const auto gone = std::ranges::stable_partition(
        links, [&](const ProbeLink& link) { return !numbers.contains(link.probe); });
    std::ranges::move(gone, std::back_inserter(taken[process]));
    links.erase(gone.begin(), gone.end());
  }
  return taken;
}

base::Result<Links> link_again(const AttachedBinary& binary, std::size_t probe, const std::string& open_path,
                               const KernelSupport& kernel) {
  Links made;
  if (binary.links.empty()) {
    return made;
  }
  ASSIGN_OR_RETURN(const HeldFile file,
                   HeldFile::open(binary.lease ? binary.lease->open_path() : open_path, Lease::kNone));
  const auto check = [&](pid_t process) -> Result<> {
    const bool is_sound = binary.lease ? !binary.lease->is_broken()
                                       : !has_ended(binary.processes.at(process)) && file.is_unchanged();
    return is_sound
               ? Result<>()
               : fail(base::ErrorCode::kIo, "{} is not the file that was inspected any more", binary.exe);
  };
  if (!binary.lease && !holds_what_was_inspected(file, binary)) {
    return fail(base::ErrorCode::kIo, "{} is not the file that was inspected any more", binary.exe);
  }
  for (const auto& [process, links] : binary.links) {
    const LinkOptions options{.open_path = file.open_path(),
                              .process = process == kAllProcesses ? std::nullopt : std::optional(process),
                              .uprobe_multi = kernel.uprobe_multi};
    RETURN_IF_ERROR(check(process));
    ASSIGN_OR_RETURN(made[process], link_probe(binary, binary.probes[probe], options));
    RETURN_IF_ERROR(check(process));
  }
  return made;
}

void add_links(AttachedBinary& binary, Links links) {
  for (auto& [process, made] : links) {
    std::ranges::move(made, std::back_inserter(binary.links[process]));
  }
}

void settle(AttachedBinary& binary) {
  for (AttachedProbe& probe : binary.probes) {
    if (probe.presence == Presence::kSettling) {
      probe.presence = Presence::kAttached;
    }
  }
}

Detached detach(AttachedBinary& binary) {
  Detached detached;
  detached.lease.swap(binary.lease);
  detached.links.swap(binary.links);
  binary.processes.clear();
  return detached;
}

base::Result<AttachedBinary> attach_binary(const AttachRequest& request, plan::ProbePlan plan, HeldFile file,
                                           UnitNumbers& numbers) {
  const discover::Target& target = *request.target;
  AttachedBinary attached;
  attached.service = request.service;
  attached.id = file.id();
  attached.id.device = target.binary.device;  // on overlayfs of the file below
  attached.id.inode = target.binary.inode;
  attached.exe = target.exe;
  attached.frame_stride = frame_stride_of(plan);
  if (request.earlier != nullptr) {
    // Wider than needed serves as well, and calls in flight go on in the same maps.
    attached.frame_stride = std::max(attached.frame_stride, request.earlier->frame_stride);
  }
  attached.in_flight_limit = request.config->limits.in_flight;
  attached.plan = std::move(plan);
  const UnitNumbers before = numbers;
  if (auto result = load_and_link(request, std::move(file), numbers, attached); !result) {
    forget(request, attached);
    numbers = before;
    return std::unexpected(std::move(result.error()));
  }
  return attached;
}

}  // namespace attach
