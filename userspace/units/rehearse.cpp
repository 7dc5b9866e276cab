#include "units/rehearse.hpp"

#include <unistd.h>

#include <set>
#include <string>

#include "discover/find_targets.hpp"
#include "units/plan_binary.hpp"

namespace units {
namespace {

base::Result<> rehearse(const config::ProbeConfig& config, const discover::Target& target,
                        const std::string& service) {
  const auto plan = plan_binary(config, target.open_path, service);
  if (!plan && plan.error().code == base::ErrorCode::kNotFound) {
    return {};  // it has ended meanwhile
  }
  if (!plan) {
    return base::fail(plan.error().code, "service {} in {}: {} (--strict)", service, target.exe,
                      plan.error().message);
  }
  if (!plan->skipped.empty()) {
    const plan::SkippedProbe& skipped = plan->skipped.front();
    return base::fail(base::ErrorCode::kUnsupported, "service {} in {}: probe {}: {} (--strict)", service,
                      target.exe, skipped.name, skipped.reason);
  }
  return {};
}

}  // namespace

base::Result<> rehearse(const config::ProbeConfig& config) {
  for (const discover::Target& target :
       discover::find_targets(config.services, discover::ProcFs(), ::getpid())) {
    std::set<std::string> services;
    for (const discover::Target::Member& member : target.members) {
      services.insert(member.services.begin(), member.services.end());
    }
    for (const std::string& service : services) {
      RETURN_IF_ERROR(rehearse(config, target, service));
    }
  }
  return {};
}

}  // namespace units
