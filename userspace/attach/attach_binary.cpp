#include "attach/attach_binary.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <ranges>
#include <set>
#include <utility>
#include <vector>

#include "attach/bpf_handles.hpp"
#include "attach/call_records.hpp"
#include "attach/fill_spec.hpp"
#include "attach/gate.hpp"
#include "attach/load_probe.hpp"
#include "attach/pinned_binary.hpp"
#include "attach/site_links.hpp"
#include "base/clock.hpp"
#include "plan/encode_plan.hpp"

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

// All services of the unit: a goroutine of any of them may unwind.
std::uint64_t unit_services(const ServiceBits& known, const plan::ProbePlan& plan) {
  std::uint64_t bits = 0;
  for (const plan::PlannedProbe& probe : plan.probes) {
    bits |= known.of(probe.services);
  }
  return bits;
}

Result<BinaryMaps> keep_maps(const BinaryMaps& from) {
  BinaryMaps maps;
  ASSIGN_OR_RETURN(maps.goroutines, keep_fd(from.goroutines));
  ASSIGN_OR_RETURN(maps.blank_goroutine, keep_fd(from.blank_goroutine));
  ASSIGN_OR_RETURN(maps.spilled, keep_fd(from.spilled));
  ASSIGN_OR_RETURN(maps.unwound, keep_fd(from.unwound));
  ASSIGN_OR_RETURN(maps.unwound_journal, keep_fd(from.unwound_journal));
  ASSIGN_OR_RETURN(maps.objects, keep_fd(from.objects));
  ASSIGN_OR_RETURN(maps.scratches, keep_fd(from.scratches));
  return maps;
}

// Loads the programs of one generation; nothing is attached yet.
class Loader {
 public:
  Loader(const AttachRequest& request, UnitNumbers& numbers, AttachedBinary& binary)
      : request_(&request), numbers_(&numbers), binary_(&binary) {}

  Result<> load() {
    RETURN_IF_ERROR(begin_generation());
    RETURN_IF_ERROR(number_probes());
    SpecContext context{.kernel = request_->kernel,
                        .numbers = probe_numbers_,
                        .gate = binary_->gate,
                        .generation = binary_->generation,
                        .frame_stride = binary_->frame_stride};
    for (std::size_t i = 0; i < binary_->plan.unwind_hooks.size(); ++i) {
      RETURN_IF_ERROR(load_hook(i, context));
    }
    for (std::size_t i = 0; i < binary_->plan.probes.size(); ++i) {
      load_probe_of(i, context);
    }
    if (maps_) {
      binary_->maps = std::move(*maps_);
    }
    return {};
  }

 private:
  [[nodiscard]] const AttachedBinary* earlier() const { return request_->earlier; }

  Result<> begin_generation() {
    if (earlier() != nullptr) {
      binary_->gate = earlier()->gate;
    } else {
      ASSIGN_OR_RETURN(binary_->gate, numbers_->gates.take());
    }
    ASSIGN_OR_RETURN(const std::uint32_t current, current_generation(request_->watch->maps(), binary_->gate));
    binary_->generation = 1 + std::max(current, earlier() == nullptr ? 0 : earlier()->generation);
    binary_->maps_generation = binary_->generation;
    // Records of calls in flight can be continued where they have the same size.
    shares_maps_ = earlier() != nullptr && earlier()->maps.goroutines &&
                   earlier()->frame_stride == binary_->frame_stride &&
                   earlier()->in_flight_limit == binary_->in_flight_limit;
    if (shares_maps_) {
      binary_->maps_generation = earlier()->maps_generation;
      ASSIGN_OR_RETURN(maps_, keep_maps(earlier()->maps));
      if (!request_->earlier_counts) {
        RETURN_IF_ERROR(forget_starts(*earlier()));
      }
    }
    return {};
  }

  // The probe of the earlier generation that computes the same.
  [[nodiscard]] const AttachedProbe* same_probe(const plan::PlannedProbe& probe) const {
    if (!shares_maps_) {
      return nullptr;
    }
    for (std::size_t i = 0; i < earlier()->probes.size(); ++i) {
      const AttachedProbe& candidate = earlier()->probes[i];
      if (candidate.maps.series && candidate.maps.series_limit == series_limit_of(*request_->config, probe) &&
          !kept_numbers_.contains(candidate.number) && plan::same_values(earlier()->plan.probes[i], probe)) {
        return &candidate;
      }
    }
    return nullptr;
  }

  // The probe of the earlier generation that this one takes the place of.
  [[nodiscard]] std::uint16_t replaced_by(const plan::PlannedProbe& probe) const {
    for (std::size_t i = 0; earlier() != nullptr && i < earlier()->probes.size(); ++i) {
      if (earlier()->plan.probes[i].name == probe.name && !kept_numbers_.contains(earlier()->probes[i].number)) {
        return earlier()->probes[i].number;
      }
    }
    return NO_PROBE;
  }

  Result<> number_probes() {
    const std::uint64_t now = base::boot_time_ns();
    binary_->probes.resize(binary_->plan.probes.size());
    probe_numbers_.resize(binary_->probes.size());
    kept_.resize(binary_->probes.size());
    for (std::size_t i = 0; i < binary_->probes.size(); ++i) {
      kept_[i] = same_probe(binary_->plan.probes[i]);
      if (kept_[i] != nullptr) {
        kept_numbers_.insert(kept_[i]->number);
      }
    }
    for (std::size_t i = 0; i < binary_->probes.size(); ++i) {
      AttachedProbe& probe = binary_->probes[i];
      probe.since_ns = kept_[i] != nullptr && request_->earlier_counts ? kept_[i]->since_ns : now;
      if (kept_[i] != nullptr) {
        probe.number = kept_[i]->number;
      } else {
        ASSIGN_OR_RETURN(probe.number, numbers_->probes.take());
      }
      probe_numbers_[i] = probe.number;
    }
    return {};
  }

  [[nodiscard]] LoadRequest load_request() const {
    LoadRequest request;
    request.shared = &request_->watch->maps();
    request.pid_namespace = request_->watch->pid_namespace();
    request.kernel = request_->kernel;
    request.in_flight_limit = binary_->in_flight_limit;
    return request;
  }

  Result<> load_hook(std::size_t index, SpecContext context) {
    const plan::UnwindHook& hook = binary_->plan.unwind_hooks[index];
    context.replaces = NO_PROBE;
    for (std::size_t i = 0; earlier() != nullptr && i < earlier()->unwind_hooks.size(); ++i) {
      if (earlier()->plan.unwind_hooks[i].kind == hook.kind) {
        context.number = context.replaces = earlier()->unwind_hooks[i].number;
      }
    }
    if (context.replaces == NO_PROBE) {
      ASSIGN_OR_RETURN(context.number, numbers_->probes.take());
    }
    context.services = unit_services(*request_->service_bits, binary_->plan);
    context.series_limit = 1;
    LoadRequest request = load_request();
    request.spec = fill_unwind_spec(binary_->plan, context);
    request.unwind.through_panic = hook.through_panic ? 1 : 0;
    request.unwind.panic_offset = hook.panic_offset;
    request.unwind.sp_offset = hook.sp_offset;
    request.programs = {
        {hook.kind == plan::UnwindHook::Kind::kRecovery ? Program::kRecovery : Program::kGoexit, {hook.site}}};
    auto loaded = load_probe(request, maps_);
    if (!loaded) {
      return base::with_context(std::move(loaded.error()), "following panics in {}", binary_->exe);
    }
    binary_->unwind_hooks.push_back(
        {.number = context.number, .maps = std::move(loaded->maps), .programs = std::move(loaded->programs)});
    return {};
  }

  void load_probe_of(std::size_t index, SpecContext context) {
    AttachedProbe& probe = binary_->probes[index];
    const plan::PlannedProbe& planned = binary_->plan.probes[index];
    context.number = probe.number;
    context.replaces = kept_[index] != nullptr ? probe.number : replaced_by(planned);
    context.services = request_->service_bits->of(planned.services);
    context.series_limit = series_limit_of(*request_->config, planned);
    LoadRequest request = load_request();
    request.kept = kept_[index] != nullptr ? &kept_[index]->maps : nullptr;
    if (auto loaded = load_planned(planned, std::move(request), context)) {
      probe.maps = std::move(loaded->maps);
      probe.programs = std::move(loaded->programs);
    } else {
      probe.error = std::move(loaded.error().message);
    }
  }

  Result<LoadedProbe> load_planned(const plan::PlannedProbe& probe, LoadRequest request, const SpecContext& context) {
    ASSIGN_OR_RETURN(request.spec, fill_spec(binary_->plan, probe, context));
    // Returns first: a call that begins before they are attached must not leave a frame behind.
    if (!probe.return_sites.empty()) {
      request.programs.push_back({Program::kReturn, probe.return_sites});
    }
    if (!probe.entry_sites.empty()) {
      request.programs.push_back({Program::kEnter, probe.entry_sites});
    }
    return load_probe(request, maps_);
  }

  const AttachRequest* request_;  // the caller's
  UnitNumbers* numbers_;          // the caller's
  AttachedBinary* binary_;        // the caller's
  bool shares_maps_ = false;
  std::optional<BinaryMaps> maps_;
  std::vector<std::uint16_t> probe_numbers_;
  std::vector<const AttachedProbe*> kept_;  // by probe of the plan; null: its counts begin at 0
  std::set<std::uint16_t> kept_numbers_;
};

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

base::Result<AttachedBinary> attach_binary(const AttachRequest& request, plan::ProbePlan plan, UnitNumbers& numbers) {
  const discover::Target& target = *request.target;
  AttachedBinary attached;
  attached.service = request.service;
  attached.id = target.binary;
  attached.exe = target.exe;
  attached.frame_stride = frame_stride_of(plan);
  attached.in_flight_limit = request.config->limits.in_flight;
  attached.plan = std::move(plan);
  RETURN_IF_ERROR(Loader(request, numbers, attached).load());
  RETURN_IF_ERROR(pin_binary(request.units, attached));
  // Without a lease, or where strangers run the file, only the service's own processes are trapped.
  if (auto lease = FileLease::take(target.open_path); lease && target.strangers == 0) {
    attached.lease = std::move(*lease);
    RETURN_IF_ERROR(link_file(attached, target, request.kernel));
  } else {
    attached.scope = Scope::kProcess;
    RETURN_IF_ERROR(follow_members(attached, target, request.kernel));
  }
  return attached;
}

}  // namespace attach
