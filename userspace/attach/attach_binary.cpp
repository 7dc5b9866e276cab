#include "attach/attach_binary.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "attach/fill_spec.hpp"
#include "attach/load_generation.hpp"
#include "attach/pinned_binary.hpp"
#include "attach/site_links.hpp"

namespace attach {
namespace {

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

Result<> link_file(AttachedBinary& binary, const discover::Target& target, const KernelSupport& kernel) {
  const LinkOptions options{
      .open_path = target.open_path, .process = std::nullopt, .uprobe_multi = kernel.uprobe_multi};
  ASSIGN_OR_RETURN(binary.links[kAllProcesses], link_all(binary, options));
  return {};
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

Result<> load_and_link(const AttachRequest& request, UnitNumbers& numbers, AttachedBinary& binary) {
  const discover::Target& target = *request.target;
  RETURN_IF_ERROR(load_generation(request, numbers, binary));
  RETURN_IF_ERROR(pin_binary(request.units, binary));
  // Without a lease, or where strangers run the file, only the service's own processes are trapped.
  if (auto lease = FileLease::take(target.open_path); lease && target.strangers == 0) {
    binary.lease = std::move(*lease);
    return link_file(binary, target, request.kernel);
  }
  binary.scope = Scope::kProcess;
  Links none;
  return follow_members(binary, target, request.kernel, none);
}

}  // namespace

base::Result<> follow_members(AttachedBinary& binary, const discover::Target& target,
                              const KernelSupport& kernel, Links& gone) {
  if (binary.scope == Scope::kFile) {
    return {};
  }
  for (auto entry = binary.links.begin(); entry != binary.links.end();) {
    const auto next = std::next(entry);
    if (std::ranges::none_of(target.members,
                             [&](const auto& member) { return member.process.pid == entry->first; })) {
      gone.insert(binary.links.extract(entry));
    }
    entry = next;
  }
  for (const discover::Target::Member& member : target.members) {
    if (!binary.links.contains(member.process.pid)) {
      const LinkOptions options{
          .open_path = target.open_path, .process = member.process.pid, .uprobe_multi = kernel.uprobe_multi};
      ASSIGN_OR_RETURN(binary.links[member.process.pid], link_all(binary, options));
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
  for (const auto& [process, links] : binary.links) {
    const LinkOptions options{.open_path = binary.lease ? binary.lease->open_path() : open_path,
                              .process = process == kAllProcesses ? std::nullopt : std::optional(process),
                              .uprobe_multi = kernel.uprobe_multi};
    ASSIGN_OR_RETURN(made[process], link_probe(binary, binary.probes[probe], options));
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
  return detached;
}

base::Result<AttachedBinary> attach_binary(const AttachRequest& request, plan::ProbePlan plan,
                                           UnitNumbers& numbers) {
  const discover::Target& target = *request.target;
  AttachedBinary attached;
  attached.service = request.service;
  attached.id = target.binary;
  attached.exe = target.exe;
  attached.frame_stride = frame_stride_of(plan);
  if (request.earlier != nullptr) {
    // Wider than needed serves as well, and calls in flight go on in the same maps.
    attached.frame_stride = std::max(attached.frame_stride, request.earlier->frame_stride);
  }
  attached.in_flight_limit = request.config->limits.in_flight;
  attached.plan = std::move(plan);
  const UnitNumbers before = numbers;
  if (auto result = load_and_link(request, numbers, attached); !result) {
    forget(request, attached);
    numbers = before;
    return std::unexpected(std::move(result.error()));
  }
  return attached;
}

}  // namespace attach
