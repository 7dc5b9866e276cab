#include "app/attachments.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "app/plan_binary.hpp"

namespace app {
namespace {

discover::Target only_members_of(discover::Target target, const std::string& service) {
  std::erase_if(target.members, [&](const discover::Target::Member& member) {
    return std::ranges::find(member.services, service) == member.services.end();
  });
  return target;
}

}  // namespace

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

std::optional<Attachment> Attachments::attach(const Missing& missing, const attach::ProcessWatch& watch,
                                              const attach::KernelSupport& kernel) {
  auto plan = plan_binary(*config_, missing.target.open_path, missing.service);
  if (!plan) {
    log_->error("binary not probed",
                {{"service", missing.service}, {"exe", missing.target.exe}, {"error", plan.error().message}});
    return std::nullopt;
  }
  plan->binary = missing.target.exe;
  auto binary = attach::attach_binary(*config_, missing.target, std::move(*plan), watch, kernel, numbers_);
  if (!binary) {
    log_->error(
        "binary not probed",
        {{"service", missing.service}, {"exe", missing.target.exe}, {"error", binary.error().message}});
    return std::nullopt;
  }
  Attachment attachment{
      .service = missing.service, .binary = std::move(*binary), .collector = {}, .calls = {}};
  report(attachment);
  return attachment;
}

void Attachments::report(const Attachment& attachment) const {
  std::size_t attached = 0;
  std::size_t sites = 0;
  const auto& plan = attachment.binary.plan;
  for (std::size_t i = 0; i < plan.probes.size(); ++i) {
    if (const std::string& error = attachment.binary.probes[i].error; !error.empty()) {
      log_->warn("probe not attached",
                 {{"service", attachment.service}, {"probe", plan.probes[i].name}, {"reason", error}});
      continue;
    }
    ++attached;
    sites += plan.probes[i].entry_sites.size() + plan.probes[i].return_sites.size();
  }
  for (const plan::SkippedProbe& skipped : plan.skipped) {
    log_->warn("probe skipped",
               {{"service", attachment.service}, {"probe", skipped.name}, {"reason", skipped.reason}});
  }
  log_->info("attached", {{"service", attachment.service},
                          {"exe", attachment.binary.exe},
                          {"runtime", plan.runtime},
                          {"probes", attached},
                          {"sites", sites},
                          {"scope", attachment.binary.scope == attach::Scope::kFile ? "file" : "process"},
                          {"skipped", plan.skipped.size() + plan.probes.size() - attached}});
}

void Attachments::add(const Missing& missing, std::optional<Attachment> attachment) {
  tried_.push_back({missing.target.binary, missing.service});
  if (attachment) {
    attachments_.push_back(std::make_unique<Attachment>(std::move(*attachment)));
  }
}

void Attachments::follow_members(const std::vector<discover::Target>& targets,
                                 const attach::KernelSupport& kernel) {
  for (const auto& attachment : attachments_) {
    discover::Target members{.binary = attachment->binary.id, .exe = attachment->binary.exe};
    const auto target = std::ranges::find(targets, attachment->binary.id, &discover::Target::binary);
    if (target != targets.end()) {
      members = only_members_of(*target, attachment->service);
    }
    if (auto result = attach::follow_members(attachment->binary, members, kernel); !result) {
      log_->warn("process not probed", {{"service", attachment->service}, {"error", result.error().message}});
    }
  }
}

void Attachments::give_way_to_writers() {
  for (const auto& attachment : attachments_) {
    attach::AttachedBinary& binary = attachment->binary;
    if (binary.lease && binary.lease->is_broken()) {
      attach::detach(binary);
      std::erase(tried_, Tried{binary.id, attachment->service});
      log_->info("detached: the file is about to be overwritten",
                 {{"service", attachment->service}, {"exe", binary.exe}});
    }
  }
}

std::vector<ProbedBinary> Attachments::binaries() const {
  std::vector<ProbedBinary> found;
  for (const auto& attachment : attachments_) {
    found.push_back({.id = attachment->binary.id, .exe = attachment->binary.exe});
  }
  return found;
}

}  // namespace app
