#include "attach/load_generation.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "attach/bpf_handles.hpp"
#include "attach/call_records.hpp"
#include "attach/emulate_returns.hpp"
#include "attach/fill_spec.hpp"
#include "attach/gate.hpp"
#include "attach/load_probe.hpp"
#include "base/clock.hpp"
#include "plan/output/encode_plan.hpp"

namespace attach {
namespace {

using base::Result;

// All services of the unit: a goroutine of any of them may unwind.
std::uint64_t unit_services(const ServiceBits& known, const plan::ProbePlan& plan) {
  std::uint64_t bits = 0;
  for (const plan::PlannedProbe& probe : plan.probes) {
    bits |= known.of(probe.services);
  }
  return bits;
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
      maps_ = earlier()->maps;
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
      if (earlier()->plan.probes[i].name == probe.name &&
          !kept_numbers_.contains(earlier()->probes[i].number)) {
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
      probe.since_ns = since_of(i, now);
      probe.presence = presence_of(i);
      if (kept_[i] != nullptr) {
        probe.number = kept_[i]->number;
      } else {
        ASSIGN_OR_RETURN(probe.number, numbers_->probes.take());
      }
      probe_numbers_[i] = probe.number;
    }
    return {};
  }

  // Whether the generation before has seen each call up to now.
  [[nodiscard]] bool goes_on(std::size_t index) const {
    return kept_[index] != nullptr && request_->earlier_counts && kept_[index]->since_ns != kNever;
  }

  [[nodiscard]] std::uint64_t since_of(std::size_t index, std::uint64_t now) const {
    if (request_->detached.contains(index)) {
      return kNever;
    }
    return goes_on(index) ? kept_[index]->since_ns : now;
  }

  [[nodiscard]] Presence presence_of(std::size_t index) const {
    if (request_->detached.contains(index)) {
      return Presence::kDetached;
    }
    return goes_on(index) ? kept_[index]->presence : Presence::kSettling;
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
        {hook.kind == plan::UnwindHook::Kind::kRecovery ? Program::kRecovery : Program::kGoexit,
         {hook.site}}};
    auto loaded = load_probe(request, maps_);
    if (!loaded) {
      return base::with_context(std::move(loaded.error()), "following panics in {}", binary_->exe);
    }
    binary_->unwind_hooks.push_back({.number = context.number, .maps = std::move(loaded->maps)});
    binary_->programs[context.number] = std::move(loaded->programs);
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
      binary_->programs[probe.number] = std::move(loaded->programs);
    } else {
      probe.error = std::move(loaded.error().message);
    }
  }

  Result<LoadedProbe> load_planned(const plan::PlannedProbe& probe, LoadRequest request,
                                   const SpecContext& context) {
    ASSIGN_OR_RETURN(request.spec, fill_spec(binary_->plan, probe, context));
    emulate_returns(request_->kernel, request_->target->open_path, probe.return_sites, request.spec);
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

}  // namespace

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

base::Result<> load_generation(const AttachRequest& request, UnitNumbers& numbers, AttachedBinary& binary) {
  return Loader(request, numbers, binary).load();
}

}  // namespace attach
