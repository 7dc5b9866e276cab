#include "units/attachments.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "attach/call_records.hpp"
#include "attach/close_links.hpp"
#include "attach/code_digest.hpp"
#include "attach/gate.hpp"
#include "attach/load_generation.hpp"
#include "attach/pinned_binary.hpp"
#include "plan/output/encode_plan.hpp"
#include "plan/output/keep_numbers.hpp"
#include "plan/output/preset_parts.hpp"
#include "units/detached_probes.hpp"
#include "units/plan_binary.hpp"
#include "units/retired_counts.hpp"

namespace units {
namespace {

discover::Target only_members_of(discover::Target target, const std::string& service) {
  std::erase_if(target.members, [&](const discover::Target::Member& member) {
    return std::ranges::find(member.services, service) == member.services.end();
  });
  return target;
}

}  // namespace

void Attachment::forget_calls() {
  if (calls) {
    unknown_before = calls->unknown_baselines();
    for (const collect::RawFrame& frame : calls->unrecorded()) {
      const auto probe = std::ranges::find(binary.probes, frame.probe, &attach::AttachedProbe::number);
      if (probe != binary.probes.end() && probe->presence == attach::Presence::kAttached) {
        probe->presence = attach::Presence::kSettling;
      }
    }
  }
  calls.reset();
}

namespace {

// Whether a reader of `shown` reads what `now` counts. Plan and maps go with the generation and the probes.
bool reads_alike(const attach::CountedBinary& shown, const attach::CountedBinary& now) {
  return shown.id == now.id && shown.generation == now.generation &&
         shown.maps_generation == now.maps_generation && shown.plan.skipped == now.plan.skipped &&
         std::ranges::equal(shown.probes, now.probes, [](const auto& before, const auto& after) {
           return before.number == after.number && before.since_ns == after.since_ns &&
                  before.presence == after.presence && before.error == after.error &&
                  before.maps.turn == after.maps.turn &&
                  before.maps.made_slabs.size() == after.maps.made_slabs.size();
         });
}

}  // namespace

const std::shared_ptr<const attach::CountedBinary>& Attachment::published() {
  if (!shown || !reads_alike(*shown, binary)) {
    shown = std::make_shared<const attach::CountedBinary>(binary);
  }
  return shown;
}

void Attachment::go_on_from(const Attachment& earlier) {
  unknown_before = earlier.unknown_before;
  for (attach::AttachedProbe& probe : binary.probes) {
    const auto before =
        std::ranges::find(earlier.binary.probes, probe.number, &attach::AttachedProbe::number);
    if (before != earlier.binary.probes.end() && before->presence == attach::Presence::kSettling &&
        probe.presence == attach::Presence::kAttached) {
      probe.presence = attach::Presence::kSettling;
    }
  }
}

std::vector<Missing> Attachments::missing(const std::vector<discover::Target>& targets) const {
  std::vector<Missing> found;
  for (const discover::Target& target : targets) {
    std::set<std::string> services;
    for (const discover::Target::Member& member : target.members) {
      services.insert(member.services.begin(), member.services.end());
    }
    for (const std::string& service : services) {
      if (std::ranges::find(tried_, Tried{target.binary, service}) == tried_.end()) {
        found.push_back({.target = only_members_of(target, service), .service = service});
      }
    }
  }
  return found;
}

Attachment* Attachments::find(const discover::BinaryId& binary, const std::string& service) const {
  for (const auto& attachment : attachments_) {
    if (attachment->is_current() && attachment->binary.id.is_same_file(binary) &&
        attachment->binary.service == service) {
      return attachment.get();
    }
  }
  return nullptr;
}

// Here, or in the exporter that hands over.
bool Attachments::is_counting(const Attachment& attachment) const {
  return !attachment.binary.links.empty() || (kept_->has_predecessor() && attachment.is_adopted);
}

bool Attachments::is_as_planned(const Attachment& earlier, const plan::ProbePlan& plan) const {
  const attach::AttachedBinary& binary = earlier.binary;
  if (binary.links.empty() || binary.in_flight_limit != config_->limits.in_flight ||
      !plan::equal(binary.plan, plan)) {
    return false;
  }
  for (std::size_t i = 0; i < plan.probes.size(); ++i) {
    if (binary.probes[i].error.empty() &&
        binary.probes[i].maps.series_limit != attach::series_limit_of(*config_, plan.probes[i])) {
      return false;
    }
  }
  return true;
}

Attempt Attachments::attach(Missing missing, const attach::ProcessWatch& watch,
                            const attach::KernelSupport& kernel) {
  Attempt attempt{.missing = std::move(missing), .attachment = {}};
  const discover::Target& target = attempt.missing.target;
  const std::string& service = attempt.missing.service;
  const Attachment* earlier = find(target.binary, service);
  const auto fail = [&](const base::Error& error) {
    attempt.refused = error.message;
    log_->error("binary not probed", {{"service", service}, {"exe", target.exe}, {"error", error.message}});
  };
  auto file = attach::HeldFile::open(
      target.open_path, target.strangers == 0 ? attach::Lease::kWherePossible : attach::Lease::kNone);
  if (!file) {
    fail(file.error());
    return attempt;
  }
  if (!file->id().has_same_content(target.binary)) {
    attempt.is_stale = true;
    return attempt;
  }
  auto plan = plan_binary(*config_, file->open_path(), service);
  if (!file->is_unchanged()) {  // then the plan is of anything
    attempt.is_stale = true;
    return attempt;
  }
  if (!plan) {
    fail(plan.error());
    return attempt;
  }
  plan->binary = target.exe;
  if (earlier != nullptr) {
    plan::keep_numbers(*plan, earlier->binary.plan);
    if (is_as_planned(*earlier, *plan)) {
      attempt.is_as_before = true;
      attempt.skipped = std::move(plan->skipped);
      return attempt;
    }
    attempt.takes_over = is_counting(*earlier);
  }
  const std::set<std::size_t> detached = detached_probes(*budget_, service, *plan);
  auto binary = attach::attach_binary({.config = config_,
                                       .target = &target,
                                       .service = service,
                                       .watch = &watch,
                                       .service_bits = &kept_->service_bits(),
                                       .kernel = kernel,
                                       .earlier = earlier == nullptr ? nullptr : &earlier->binary,
                                       .earlier_counts = attempt.takes_over,
                                       .detached = detached,
                                       .units = kept_->units()},
                                      *std::move(plan), *std::move(file), numbers_);
  if (!binary) {
    fail(binary.error());
    return attempt;
  }
  attempt.is_stale = binary->scope == attach::Scope::kFile && !binary->lease;
  attempt.attachment.emplace(Attachment{.binary = *std::move(binary), .calls = {}});
  return attempt;
}

void Attachments::open(std::span<const Attempt> attempts, const attach::SharedMaps& maps) const {
  std::vector<attach::Gate> fresh;
  std::vector<attach::Gate> taking_over;
  for (const Attempt& attempt : attempts) {
    if (attempt.attachment) {
      const attach::AttachedBinary& binary = attempt.attachment->binary;
      (attempt.takes_over ? taking_over : fresh)
          .push_back({.number = binary.gate, .generation = binary.generation});
    }
  }
  for (const auto& result : {attach::open_gates(maps, fresh), attach::hand_over(maps, taking_over)}) {
    if (!result) {
      log_->error("beginning to count", {{"error", result.error().message}});
    }
  }
}

void Attachments::report_problems(const Attachment& attachment) const {
  const auto& plan = attachment.binary.plan;
  for (std::size_t i = 0; i < plan.probes.size(); ++i) {
    if (const std::string& error = attachment.binary.probes[i].error; !error.empty()) {
      log_->warn("probe not attached",
                 {{"service", attachment.binary.service}, {"probe", plan.probes[i].name}, {"reason", error}});
    }
  }
  for (const plan::PlannedProbe& probe : plan.probes) {
    if (!probe.copied_into.empty()) {
      log_->warn("calls are not counted where the compiler has copied the function into its callers",
                 {{"service", attachment.binary.service},
                  {"probe", probe.name},
                  {"callers", probe.copied_into.size()},
                  {"in", plan::some_of(probe.copied_into)}});
    }
  }
  for (const plan::SkippedProbe& skipped : plan.skipped) {
    log_->warn(skipped.in_part ? "probe skipped in part" : "probe skipped",
               {{"service", attachment.binary.service}, {"probe", skipped.name}, {"reason", skipped.reason}});
  }
}

void Attachments::report(const Attachment& attachment) const {
  std::size_t attached = 0;
  std::size_t sites = 0;
  const auto& plan = attachment.binary.plan;
  for (std::size_t i = 0; i < plan.probes.size(); ++i) {
    if (attachment.binary.probes[i].error.empty()) {
      ++attached;
      sites += plan.probes[i].entry_sites.size() + plan.probes[i].return_sites.size();
    }
  }
  report_problems(attachment);
  const auto skipped =
      static_cast<std::size_t>(std::ranges::count(plan.skipped, false, &plan::SkippedProbe::in_part));
  for (const plan::PresetParts& parts : plan::preset_parts(plan)) {
    log_->info("preset", {{"service", attachment.binary.service},
                          {"preset", parts.preset},
                          {"in_use", fmt::format("{}", fmt::join(parts.matched, ","))},
                          {"not_here", fmt::format("{}", fmt::join(parts.absent, ","))}});
  }
  log_->info("attached", {{"service", attachment.binary.service},
                          {"exe", attachment.binary.exe},
                          {"runtime", plan::runtime_name(plan)},
                          {"probes", attached},
                          {"sites", sites},
                          {"scope", attachment.binary.scope == attach::Scope::kFile ? "file" : "process"},
                          {"skipped", skipped + plan.probes.size() - attached}});
}

void Attachments::report_new() {
  for (const auto& attachment : attachments_) {
    const bool has_other_problems = std::exchange(attachment->has_other_problems, false);
    if (std::exchange(attachment->is_new, false)) {
      report(*attachment);
    } else if (has_other_problems) {
      report_problems(*attachment);
    }
  }
}

void Attachments::detach(Attachment& attachment, const attach::SharedMaps& maps) {
  const attach::Gate gate{.number = attachment.binary.gate, .generation = attachment.binary.generation};
  if (!attachment.binary.links.empty()) {
    if (auto result = attach::shut_gates(maps, std::span(&gate, 1)); !result) {
      log_->error("ending to count", {{"error", result.error().message}});
    }
  }
  detached_.push_back(attach::detach(attachment.binary));
}

void Attachments::forget_tried(const discover::BinaryId& file, const std::string& service) {
  std::erase_if(tried_, [&](const Tried& tried) {
    return tried.binary.is_same_file(file) && tried.service == service;
  });
}

void Attachments::add(std::vector<Attempt> attempts, const attach::SharedMaps& maps) {
  for (Attempt& attempt : attempts) {
    const discover::BinaryId& file = attempt.missing.target.binary;
    const std::string& service = attempt.missing.service;
    forget_tried(file, service);
    if (attempt.is_stale) {
      log_->info("tried again: the file changes",
                 {{"service", service}, {"exe", attempt.missing.target.exe}});
    } else {
      tried_.push_back({file, service});
    }
    Attachment* const earlier = find(file, service);
    if (attempt.is_as_before && earlier != nullptr) {
      earlier->binary.id = file;
      earlier->has_other_problems = earlier->binary.plan.skipped != attempt.skipped;
      earlier->binary.plan.skipped = std::move(attempt.skipped);
    }
    if (!attempt.attachment) {
      continue;
    }
    attempt.attachment->on(UnitEvent::kOpened);
    if (attempt.is_stale) {
      attempt.attachment->on(UnitEvent::kWriterWaits);
    } else {
      attempt.attachment->is_new = true;
    }
    if (earlier != nullptr) {
      replace(*earlier, *std::move(attempt.attachment), maps);
    } else {
      attachments_.push_back(std::make_unique<Attachment>(*std::move(attempt.attachment)));
    }
  }
}

// What the later generation does not go on with is kept apart until its counts are in the totals.
void Attachments::replace(Attachment& earlier, Attachment fresh, const attach::SharedMaps& maps) {
  earlier.forget_calls();
  detach(earlier, maps);
  fresh.gauges = std::move(earlier.gauges);
  fresh.go_on_from(earlier);
  auto left =
      std::make_unique<Attachment>(Attachment{.binary = std::move(earlier.binary), .state = earlier.state});
  left->on(UnitEvent::kReplaced);
  left->binary.programs.clear();
  for (std::size_t i = left->binary.probes.size(); i-- > 0;) {
    attach::AttachedProbe& probe = left->binary.probes[i];
    if (std::ranges::find(fresh.binary.probes, probe.number, &attach::AttachedProbe::number) !=
        fresh.binary.probes.end()) {
      left->binary.probes.erase(left->binary.probes.begin() + static_cast<std::ptrdiff_t>(i));
      left->binary.plan.probes.erase(left->binary.plan.probes.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  earlier = std::move(fresh);
  if (left->binary.probes.empty()) {
    attach::unpin(kept_->units(), left->binary, false);
    return;
  }
  std::map<std::uint16_t, call_end> probes;
  for (std::size_t i = 0; i < left->binary.probes.size(); ++i) {
    probes[left->binary.probes[i].number] = end_of_calls(left->binary.plan.probes[i], earlier.binary.plan);
  }
  if (auto result = end_calls(left->binary, probes, maps); !result) {
    log_->error("ending calls of probes that are left out", {{"error", result.error().message}});
  }
  attachments_.push_back(std::move(left));
}

void Attachments::adopt(std::vector<attach::AttachedBinary> binaries) {
  for (attach::AttachedBinary& binary : binaries) {
    numbers_.gates.reserve(binary.gate);
    for (const auto* probes : {&binary.probes, &binary.unwind_hooks}) {
      std::ranges::for_each(*probes, [&](const auto& probe) { numbers_.probes.reserve(probe.number); });
    }
    // The first of a unit is its latest generation.
    const bool is_first = std::ranges::none_of(attachments_, [&](const auto& other) {
      return other->is_current() && other->binary.id == binary.id && other->binary.service == binary.service;
    });
    const bool is_current = is_first && !is_in_totals(binary, std::as_const(*kept_).totals());
    auto& adopted = *attachments_.emplace_back(std::make_unique<Attachment>(
        Attachment{.binary = std::move(binary),
                   .is_adopted = true,
                   .state = is_current ? UnitState::kSuspended : UnitState::kRetiring}));
    // Of calls in flight it is not known which have ended since.
    for (attach::AttachedProbe& probe : adopted.binary.probes) {
      probe.presence = kept_->has_predecessor() ? probe.presence : attach::Presence::kSettling;
    }
  }
}

// With a lease nobody has written to it. Else times tell, and where a file system is careless about them, the
// code that a new process is about to run.
bool Attachments::may_have_changed(const attach::AttachedBinary& binary, const discover::Target& target) {
  const bool is_leased = binary.lease && !binary.lease->is_broken();
  return !is_leased && (binary.id != target.binary || binary.links.empty() ||
                        (binary.scope == attach::Scope::kProcess && attach::has_new_member(binary, target)));
}

void Attachments::leave_changed_files(const std::vector<discover::Target>& targets,
                                      const attach::SharedMaps& maps) {
  for (const auto& attachment : attachments_) {
    const attach::AttachedBinary& binary = attachment->binary;
    const auto target = std::ranges::find_if(
        targets, [&](const discover::Target& candidate) { return candidate.binary.is_same_file(binary.id); });
    if (!attachment->is_current() || target == targets.end() || !may_have_changed(binary, *target)) {
      continue;
    }
    const auto digest = attach::digest_of_code(target->open_path, binary.plan);
    const bool has_ended = !digest && digest.error().code == base::ErrorCode::kNotFound;
    if (has_ended || (digest && *digest == binary.code_digest)) {
      continue;
    }
    forget_tried(binary.id, binary.service);
    attachment->forget_calls();
    detach(*attachment, maps);
    attachment->on(UnitEvent::kAbandoned);
    log_->info("detached: the file holds another program now",
               {{"service", binary.service}, {"exe", binary.exe}});
  }
}

void Attachments::follow_members(const std::vector<discover::Target>& targets,
                                 const attach::KernelSupport& kernel) {
  for (const auto& attachment : attachments_) {
    if (!attachment->is_current()) {
      continue;
    }
    discover::Target members{.binary = attachment->binary.id, .exe = attachment->binary.exe};
    const auto target = std::ranges::find(targets, attachment->binary.id, &discover::Target::binary);
    if (target != targets.end()) {
      members = only_members_of(*target, attachment->binary.service);
    }
    attach::Links& gone = detached_.emplace_back().links;
    if (auto result = attach::follow_members(attachment->binary, members, kernel, gone); !result) {
      log_->warn("process not probed",
                 {{"service", attachment->binary.service}, {"error", result.error().message}});
    }
  }
}

void Attachments::close_detached() {
  std::vector<attach::Links> links;
  for (attach::Detached& detached : detached_) {
    links.push_back(std::exchange(detached.links, {}));
  }
  attach::close_links(std::move(links));
  detached_.clear();  // gives the leases back, too
}

void Attachments::end(const attach::SharedMaps& maps) {
  stop_counting(maps);
  for (const auto& attachment : attachments_) {
    detach(*attachment, maps);
  }
  close_detached();
}

void Attachments::give_way_to_writers(const attach::SharedMaps& maps) {
  for (const auto& attachment : attachments_) {
    attach::AttachedBinary& binary = attachment->binary;
    if (binary.lease && binary.lease->is_broken()) {
      detach(*attachment, maps);
      attachment->on(UnitEvent::kWriterWaits);
      std::erase(tried_, Tried{binary.id, attachment->binary.service});
      log_->info("detached: the file is about to be overwritten",
                 {{"service", attachment->binary.service}, {"exe", binary.exe}});
    }
  }
}

void Attachments::give_way_to_successor(const attach::SharedMaps& maps) {
  for (const auto& attachment : attachments_) {
    const auto current = attach::current_generation(maps, attachment->binary.gate);
    if (current && *current > attachment->binary.generation && !attachment->binary.links.empty()) {
      detach(*attachment, maps);
      attachment->on(UnitEvent::kSuccessorCounts);
      log_->info("detached: another exporter has taken over",
                 {{"service", attachment->binary.service}, {"exe", attachment->binary.exe}});
    }
  }
}

void Attachments::resume(const attach::SharedMaps& maps) {
  std::vector<attach::Gate> gates;
  std::vector<const attach::AttachedBinary*> ours;
  for (const auto& attachment : attachments_) {
    const attach::AttachedBinary& binary = attachment->binary;
    ours.push_back(&binary);
    if (!binary.links.empty()) {
      gates.push_back({.number = binary.gate, .generation = binary.generation});
    }
  }
  if (auto result = attach::open_gates(maps, gates); !result) {
    log_->error("going on to count", {{"error", result.error().message}});
  }
  attach::unpin_others(kept_->units(), ours);
}

void Attachments::drop_left_out_services(const attach::SharedMaps& maps) {
  for (const auto& attachment : attachments_) {
    const std::string& service = attachment->binary.service;
    if (attachment->is_current() &&
        std::ranges::find(config_->services, service, &config::Service::name) == config_->services.end()) {
      attachment->forget_calls();
      detach(*attachment, maps);
      attachment->on(UnitEvent::kLeftOut);
      log_->info("detached: the service is not configured any more",
                 {{"service", service}, {"exe", attachment->binary.exe}});
    }
  }
}

// Nothing will be counted in it any more: probes that were changed, and binaries that no process runs or will
// run.
bool Attachments::is_over(const Attachment& attachment, const ProcessRegistry& registry) const {
  if (!attachment.is_current()) {
    return true;
  }
  const attach::AttachedBinary& binary = attachment.binary;
  return (binary.links.empty() || (binary.lease && binary.lease->is_unlinked())) &&
         registry.live(binary.id, binary.service).empty();
}

void Attachments::retire(const ProcessRegistry& registry, const attach::SharedMaps& maps) {
  std::erase_if(attachments_, [&](const auto& attachment) {
    return is_over(*attachment, registry) && retire(*attachment, registry, maps);
  });
}

void Attachments::give_back(const std::vector<attach::AttachedProbe>& probes,
                            const attach::SharedMaps& maps) {
  for (const attach::AttachedProbe& probe : probes) {
    clear_counts(maps, probe.number);
    numbers_.probes.give_back(probe.number);
  }
}

bool Attachments::retire(Attachment& attachment, const ProcessRegistry& registry,
                         const attach::SharedMaps& maps) {
  const attach::AttachedBinary& binary = attachment.binary;
  attachment.on(UnitEvent::kAbandoned);
  const auto is_added = add_to_totals(*config_, attachment, registry.table(), maps, *kept_);
  if (!is_added) {
    log_->error("keeping counts of a binary", {{"exe", binary.exe}, {"error", is_added.error().message}});
  }
  if (!is_added || !*is_added) {
    return false;
  }
  const bool is_last = std::ranges::none_of(attachments_, [&](const auto& other) {
    return other.get() != &attachment && other->binary.gate == binary.gate;
  });
  detach(attachment, maps);
  attach::unpin(kept_->units(), binary, is_last);
  for (const attach::AttachedProbe& probe : binary.probes) {
    std::erase(kept_->totals().merged, attach::counts_id(probe));
  }
  give_back(binary.probes, maps);
  if (is_last) {
    give_back(binary.unwind_hooks, maps);
    numbers_.gates.give_back(binary.gate);
    std::erase(tried_, Tried{binary.id, binary.service});
  }
  log_->debug("counts added to the totals",
              {{"service", binary.service}, {"exe", binary.exe}, {"probes", binary.probes.size()}});
  return true;
}

void Attachments::stop_counting(const attach::SharedMaps& maps) const {
  std::vector<attach::Gate> gates;
  for (const auto& attachment : attachments_) {
    if (!attachment->binary.links.empty()) {
      gates.push_back({.number = attachment->binary.gate, .generation = attachment->binary.generation});
    }
  }
  if (auto result = attach::shut_gates(maps, gates); !result) {
    log_->error("ending to count", {{"error", result.error().message}});
  }
}

std::vector<ProbedBinary> Attachments::binaries() const {
  std::vector<ProbedBinary> found;
  for (const auto& attachment : attachments_) {
    found.push_back({.id = attachment->binary.id, .exe = attachment->binary.exe});
  }
  return found;
}

}  // namespace units
