#include "attach/attach_binary.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <ranges>
#include <utility>
#include <vector>

#include "attach/fill_spec.hpp"
#include "attach/load_probe.hpp"

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

LoadRequest request_for(const discover::Target& target, const ProcessWatch& watch, const KernelSupport& kernel,
                        std::uint32_t in_flight_limit) {
  LoadRequest request;
  request.shared = &watch.maps();
  request.pid_namespace = watch.pid_namespace();
  request.kernel = kernel;
  request.open_path = target.open_path;
  request.in_flight_limit = in_flight_limit;
  return request;
}

// A goroutine of any service may unwind.
constexpr std::uint64_t kAllServices = ~std::uint64_t{0};

Result<> attach_hook(const plan::UnwindHook& hook, LoadRequest request, const SpecContext& context,
                     AttachedBinary& attached, std::optional<BinaryMaps>& maps) {
  request.spec = fill_unwind_spec(attached.plan, context);
  request.unwind.through_panic = hook.through_panic ? 1 : 0;
  request.unwind.panic_offset = hook.panic_offset;
  request.unwind.sp_offset = hook.sp_offset;
  const Program program = hook.kind == plan::UnwindHook::Kind::kRecovery ? Program::kRecovery : Program::kGoexit;
  request.programs = {{program, {hook.site}}};
  ASSIGN_OR_RETURN(LoadedProbe loaded, load_probe(request, maps));
  std::ranges::move(loaded.links, std::back_inserter(attached.unwind_links));
  return {};
}

// Probes that put values into the frames of others come first: a call that is counted must not miss them.
std::vector<std::size_t> attach_order(const plan::ProbePlan& plan) {
  std::vector<std::size_t> order(plan.probes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_partition(order, [&](std::size_t i) { return !plan.probes[i].contributions.empty(); });
  return order;
}

Result<LoadedProbe> attach_probe(const plan::ProbePlan& plan, const plan::PlannedProbe& probe, LoadRequest request,
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

}  // namespace

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

  std::vector<std::uint16_t> probe_numbers;
  for (std::size_t i = 0; i < attached.plan.probes.size(); ++i) {
    ASSIGN_OR_RETURN(const std::uint16_t number, numbers.next());
    probe_numbers.push_back(number);
  }
  SpecContext context{.kernel = kernel, .numbers = probe_numbers, .frame_stride = attached.frame_stride};
  const LoadRequest request = request_for(target, watch, kernel, attached.in_flight_limit);
  std::optional<BinaryMaps> maps;

  for (const plan::UnwindHook& hook : attached.plan.unwind_hooks) {
    ASSIGN_OR_RETURN(context.number, numbers.next());
    context.services = kAllServices;
    context.series_limit = 1;
    if (auto result = attach_hook(hook, request, context, attached, maps); !result) {
      return base::with_context(std::move(result.error()), "following panics in {}", target.exe);
    }
  }
  attached.probes.resize(attached.plan.probes.size());
  for (const std::size_t i : attach_order(attached.plan)) {
    const plan::PlannedProbe& probe = attached.plan.probes[i];
    context.number = probe_numbers[i];
    context.services = service_bits(config, probe.services);
    context.series_limit = series_limit_of(config, probe);
    AttachedProbe& entry = attached.probes[i];
    entry.number = probe_numbers[i];
    if (auto loaded = attach_probe(attached.plan, probe, request, context, maps); loaded) {
      entry.maps = std::move(loaded->maps);
      entry.links = std::move(loaded->links);
    } else {
      entry.error = std::move(loaded.error().message);
    }
  }
  if (maps) {
    attached.maps = std::move(*maps);
  }
  return attached;
}

}  // namespace attach
