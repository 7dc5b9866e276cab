#include "attach/attach_binary.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "attach/fill_spec.hpp"
#include "attach/load_probe.hpp"
#include "attach/site_links.hpp"

namespace attach {
namespace {

using base::Result;

// A probe's series map must hold what the largest of its metrics may have, and the overflow series.
std::uint32_t series_limit_of(const config::ProbeConfig& config, const plan::PlannedProbe& probe) {
  std::uint32_t limit = 1;
  for (const plan::PlannedRecord& record : probe.records) {
    const auto metric = std::ranges::find(config.metrics, record.metric, &config::Metric::name);
    if (metric != config.metrics.end()) {
      limit = std::max(limit, metric->max_series);
    }
  }
  return limit + 1;
}

LoadRequest request_for(const ProcessWatch& watch, const KernelSupport& kernel, std::uint32_t in_flight_limit) {
  LoadRequest request;
  request.shared = &watch.maps();
  request.pid_namespace = watch.pid_namespace();
  request.kernel = kernel;
  request.in_flight_limit = in_flight_limit;
  return request;
}

Result<AttachedProbe> load_hook(const plan::UnwindHook& hook, LoadRequest request, const plan::ProbePlan& plan,
                                const SpecContext& context, std::optional<BinaryMaps>& maps) {
  request.spec = fill_unwind_spec(plan, context);
  request.unwind.through_panic = hook.through_panic ? 1 : 0;
  request.unwind.panic_offset = hook.panic_offset;
  request.unwind.sp_offset = hook.sp_offset;
  const Program program = hook.kind == plan::UnwindHook::Kind::kRecovery ? Program::kRecovery : Program::kGoexit;
  request.programs = {{program, {hook.site}}};
  ASSIGN_OR_RETURN(LoadedProbe loaded, load_probe(request, maps));
  return AttachedProbe{.number = context.number, .maps = std::move(loaded.maps), .programs = std::move(loaded.programs)};
}

// Probes that put values into the frames of others come first: a call that is counted must not miss them.
std::vector<std::size_t> attach_order(const plan::ProbePlan& plan) {
  std::vector<std::size_t> order(plan.probes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_partition(order, [&](std::size_t i) { return !plan.probes[i].contributions.empty(); });
  return order;
}

Result<LoadedProbe> load_planned(const plan::ProbePlan& plan, const plan::PlannedProbe& probe, LoadRequest request,
                                 const SpecContext& context, std::optional<BinaryMaps>& maps) {
  ASSIGN_OR_RETURN(request.spec, fill_spec(plan, probe, context));
  // Returns first: a call that begins before they are attached must not leave a frame behind.
  if (!probe.return_sites.empty()) {
    request.programs.push_back({Program::kReturn, probe.return_sites});
  }
  if (!probe.entry_sites.empty()) {
    request.programs.push_back({Program::kEnter, probe.entry_sites});
  }
  return load_probe(request, maps);
}

// All services of the unit: a goroutine of any of them may unwind.
std::uint64_t unit_services(const config::ProbeConfig& config, const plan::ProbePlan& plan) {
  std::uint64_t bits = 0;
  for (const plan::PlannedProbe& probe : plan.probes) {
    bits |= service_bits(config, probe.services);
  }
  return bits;
}

// Hooks and probes of a binary, loaded; nothing is attached yet.
Result<> load_all(const config::ProbeConfig& config, const LoadRequest& request, const KernelSupport& kernel,
                  ProbeNumbers& numbers, AttachedBinary& binary) {
  std::vector<std::uint16_t> probe_numbers;
  for (std::size_t i = 0; i < binary.plan.probes.size(); ++i) {
    ASSIGN_OR_RETURN(const std::uint16_t number, numbers.next());
    probe_numbers.push_back(number);
  }
  SpecContext context{.kernel = kernel, .numbers = probe_numbers, .frame_stride = binary.frame_stride};
  std::optional<BinaryMaps> maps;
  for (const plan::UnwindHook& hook : binary.plan.unwind_hooks) {
    ASSIGN_OR_RETURN(context.number, numbers.next());
    context.services = unit_services(config, binary.plan);
    context.series_limit = 1;
    auto loaded = load_hook(hook, request, binary.plan, context, maps);
    if (!loaded) {
      return base::with_context(std::move(loaded.error()), "following panics in {}", binary.exe);
    }
    binary.unwind_hooks.push_back(std::move(*loaded));
  }
  binary.probes.resize(binary.plan.probes.size());
  for (std::size_t i = 0; i < binary.plan.probes.size(); ++i) {
    const plan::PlannedProbe& probe = binary.plan.probes[i];
    context.number = probe_numbers[i];
    context.services = service_bits(config, probe.services);
    context.series_limit = series_limit_of(config, probe);
    AttachedProbe& entry = binary.probes[i];
    entry.number = probe_numbers[i];
    if (auto loaded = load_planned(binary.plan, probe, request, context, maps); loaded) {
      entry.maps = std::move(loaded->maps);
      entry.programs = std::move(loaded->programs);
    } else {
      entry.error = std::move(loaded.error().message);
    }
  }
  if (maps) {
    binary.maps = std::move(*maps);
  }
  return {};
}

Result<std::vector<base::UniqueFd>> link_probe(const AttachedProbe& probe, const LinkOptions& options) {
  std::vector<base::UniqueFd> links;
  for (const ProbeProgram& program : probe.programs) {
    ASSIGN_OR_RETURN(std::vector<base::UniqueFd> made, link_sites(program.fd.value(), program.sites, options));
    std::ranges::move(made, std::back_inserter(links));
  }
  return links;
}

// Links of all probes; one whose sites the kernel refuses gets its error.
Result<std::vector<base::UniqueFd>> link_all(AttachedBinary& binary, const LinkOptions& options) {
  std::vector<base::UniqueFd> links;
  for (const AttachedProbe& hook : binary.unwind_hooks) {
    ASSIGN_OR_RETURN(std::vector<base::UniqueFd> made, link_probe(hook, options));
    std::ranges::move(made, std::back_inserter(links));
  }
  for (const std::size_t i : attach_order(binary.plan)) {
    AttachedProbe& probe = binary.probes[i];
    if (auto made = link_probe(probe, options)) {
      std::ranges::move(*made, std::back_inserter(links));
      if (!probe.programs.empty()) {
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
  const LinkOptions options{.open_path = target.open_path, .process = std::nullopt, .uprobe_multi = kernel.uprobe_multi};
  ASSIGN_OR_RETURN(binary.links[kAllProcesses], link_all(binary, options));
  return {};
}

}  // namespace

base::Result<> follow_members(AttachedBinary& binary, const discover::Target& target, const KernelSupport& kernel) {
  if (binary.scope == Scope::kFile) {
    return {};
  }
  std::erase_if(binary.links, [&](const auto& entry) {
    return std::ranges::none_of(target.members, [&](const auto& member) { return member.process.pid == entry.first; });
  });
  for (const discover::Target::Member& member : target.members) {
    if (!binary.links.contains(member.process.pid)) {
      const LinkOptions options{
          .open_path = target.open_path, .process = member.process.pid, .uprobe_multi = kernel.uprobe_multi};
      ASSIGN_OR_RETURN(binary.links[member.process.pid], link_all(binary, options));
    }
  }
  return {};
}

void detach(AttachedBinary& binary) {
  binary.links.clear();
  binary.lease.reset();
}

base::Result<std::uint16_t> ProbeNumbers::next() {
  if (next_ == ABI_PROBES) {
    return base::fail(base::ErrorCode::kUnsupported, "all {} probe numbers are taken; restart the exporter",
                      +ABI_PROBES);
  }
  return next_++;
}

std::uint64_t service_bits(const config::ProbeConfig& config, const std::vector<std::string>& services) {
  std::uint64_t bits = 0;
  for (const std::string& service : services) {
    const auto found = std::ranges::find(config.services, service, &config::Service::name);
    if (found != config.services.end()) {
      bits |= std::uint64_t{1} << static_cast<unsigned>(found - config.services.begin());
    }
  }
  return bits;
}

base::Result<AttachedBinary> attach_binary(const config::ProbeConfig& config, const discover::Target& target,
                                           plan::ProbePlan plan, const ProcessWatch& watch,
                                           const KernelSupport& kernel, ProbeNumbers& numbers) {
  AttachedBinary attached;
  attached.id = target.binary;
  attached.exe = target.exe;
  attached.frame_stride = frame_stride_of(plan);
  attached.in_flight_limit = config.limits.in_flight;
  attached.plan = std::move(plan);
  RETURN_IF_ERROR(load_all(config, request_for(watch, kernel, attached.in_flight_limit), kernel, numbers, attached));
  // Without a lease, or where strangers run the file, only the service's own processes are trapped.
  if (auto lease = FileLease::take(target.open_path); lease && target.strangers == 0) {
    attached.lease = std::move(*lease);
    RETURN_IF_ERROR(link_file(attached, target, kernel));
  } else {
    attached.scope = Scope::kProcess;
    RETURN_IF_ERROR(follow_members(attached, target, kernel));
  }
  return attached;
}

}  // namespace attach
