#include "plan/make_plan.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "abi/limits.h"
#include "config/label_parts.hpp"
#include "plan/assemble/plan_functions.hpp"
#include "plan/assemble/within_helpers.hpp"
#include "plan/compile/compile_probe.hpp"
#include "plan/language/go/function_name.hpp"
#include "plan/language/go/runtime_layout.hpp"
#include "plan/language/type_lookup.hpp"
#include "plan/match/match_functions.hpp"

namespace plan {

using base::Result;
using config::RecordKind;

namespace {

class PlanMaker {
 public:
  PlanMaker(const config::ProbeConfig* config, const inspect::BinaryFacts* facts,
            std::span<const std::string> services)
      : config_(config),
        facts_(facts),
        services_(services.begin(), services.end()),
        lookup_(facts->types),
        planner_(facts, &lookup_),
        helpers_(&planner_) {}

  ProbePlan make() {
    plan_.position_independent = facts_->position_independent;
    plan_.runtime = facts_->runtime;
    plan_.runtime_version = facts_->go_version;
    if (facts_->runtime == inspect::Runtime::kNative) {
      skip_all("it is not a Go program, and only those can be planned so far");
      return std::move(plan_);
    }
    find_runtime_layout();
    collect_helpers();
    for (std::uint32_t i = 0; i < config_->probes.size(); ++i) {
      plan_probe(i);
    }
    std::ranges::for_each(services_, [this](const std::string& name) { expect_any_part(name); });
    plan_identities();
    helpers_.append_to(plan_.probes);
    add_unwind_hooks();
    add_type_names();
    plan_.functions = planner_.take_functions();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] std::vector<std::string> services_here(const std::vector<std::string>& wanted) const {
    if (wanted.empty()) {
      return services_;
    }
    std::vector<std::string> here;
    std::ranges::copy_if(wanted, std::back_inserter(here), [this](const std::string& service) {
      return std::ranges::find(services_, service) != services_.end();
    });
    return here;
  }

  void skip_all(const std::string& reason) {
    for (std::uint32_t i = 0; i < config_->probes.size(); ++i) {
      if (!services_here(config_->probes[i].services).empty()) {
        plan_.skipped.push_back({config_->probes[i].name, i, reason});
      }
    }
  }

  void find_runtime_layout() {
    Result<GoroutineLayout> layout = goroutine_layout(lookup_);
    if (layout) {
      plan_.goroutine = *layout;
    } else {
      planner_.set_frames_impossible(layout.error().message);
    }
    plan_.stacks = stack_layout(*facts_, lookup_);
  }

  // All reads within a function are done by one program, so they are gathered before any is compiled.
  void collect_helpers() {
    for (const config::Probe& probe : config_->probes) {
      for (const config::Label& label : probe.labels) {
        for (const config::ValueLabel* const value : config::values_of(label)) {
          if (value->within) {
            for (const std::string& service : services_here(probe.services)) {
              helpers_.add(*value->within, *value, service);
            }
          }
        }
      }
    }
    helpers_.compile();
  }

  WithinFields within_fields(const config::Probe& probe) {
    WithinFields fields;
    for (const config::Label& label : probe.labels) {
      for (const config::ValueLabel* const value : config::values_of(label)) {
        if (value->within) {
          fields.emplace(value, helpers_.field_of(*value->within, *value));
        }
      }
    }
    return fields;
  }

  [[nodiscard]] std::vector<std::string> left_out_within(const config::Probe& probe) const {
    std::vector<std::string> reasons;
    for (const config::Label& label : probe.labels) {
      for (const config::ValueLabel* const value : config::values_of(label)) {
        if (value->within) {
          for (const std::string& reason : helpers_.left_out_of(*value->within)) {
            reasons.push_back(fmt::format("label {}: within: {}", label.name, reason));
          }
        }
      }
    }
    return reasons;
  }

  Result<PlannedFunctions> compile(const config::Probe& probe) {
    const WithinFields within = within_fields(probe);
    const ProbeRequest request{&probe, config_, &within};
    return planner_.plan({&probe.functions, &probe.signature, probe.inlined},
                         [&](ProbeCompiler& compiler) { return compiler.compile(request); });
  }

  void plan_probe(std::uint32_t index) {
    const config::Probe& probe = config_->probes[index];
    const std::vector<std::string> services = services_here(probe.services);
    if (services.empty()) {
      return;
    }
    Result<PlannedFunctions> planned = compile(probe);
    if (!planned) {
      const bool is_absent =
          !probe.preset.empty() && !match_functions(*facts_, probe.functions, probe.inlined).has_value();
      (is_absent ? plan_.absent : plan_.skipped).push_back({probe.name, index, planned.error().message});
      return;
    }
    skip_in_part(probe.name, index, planned->left_out);
    skip_in_part(probe.name, index, left_out_within(probe));
    for (std::size_t i = 0; i < planned->probes.size(); ++i) {
      PlannedProbe& one = planned->probes[i];
      one.name = probe.name;
      one.preset = probe.preset;
      one.services = services;
      one.config_probe = index;
      number_objects(one, i);
      add_uses(probe, one);
      plan_.probes.push_back(std::move(one));
    }
  }

  void skip_in_part(const std::string& name, std::uint32_t index, const std::vector<std::string>& left_out) {
    for (const std::string& reason : left_out) {
      plan_.skipped.push_back({.name = name, .config_probe = index, .reason = reason, .in_part = true});
    }
  }

  // A service that uses presets of which nothing is in its binary would be silent, and look like an idle one.
  void expect_any_part(const std::string& name) {
    const auto service = std::ranges::find(config_->services, name, &config::Service::name);
    if (service == config_->services.end() || service->presets.empty()) {
      return;
    }
    const auto is_part = [&](const PlannedProbe& probe) {
      return !probe.preset.empty() && std::ranges::find(probe.services, name) != probe.services.end();
    };
    if (std::ranges::none_of(plan_.probes, is_part)) {
      plan_.skipped.push_back(
          {fmt::format("presets of {}", name), kHelperProbe,
           fmt::format(
               "the binary has no part of {}: it does not use these libraries, or another program is meant; "
               "uprobe_exporter functions --binary FILE lists what it has",
               fmt::join(service->presets, ", "))});
    }
  }

  // +1 and -1 of one metric share their objects; every poll has its own.
  void number_objects(PlannedProbe& probe, std::size_t variant) {
    for (std::size_t i = 0; i < probe.records.size(); ++i) {
      PlannedRecord& record = probe.records[i];
      if (record.kind == RecordKind::kPairUp || record.kind == RecordKind::kPairDown) {
        record.object = object_number("pair " + record.metric);
      } else if (record.kind == RecordKind::kPoll) {
        record.object =
            object_number(fmt::format("poll {} of {}, {}.{}", record.metric, probe.name, variant, i));
      }
    }
  }

  std::uint32_t object_number(const std::string& name) {
    const auto known = std::ranges::find(plan_.objects, name);
    const auto number = static_cast<std::uint32_t>(known - plan_.objects.begin());
    if (known == plan_.objects.end()) {
      plan_.objects.push_back(name);
    }
    return number;
  }

  void add_uses(const config::Probe& probe, const PlannedProbe& planned) {
    for (const config::Label& label : probe.labels) {
      const auto field = std::ranges::find(planned.labels, label.name, &LabelField::name);
      if (field == planned.labels.end()) {
        continue;
      }
      for (const config::ValueLabel* const value : config::values_of(label)) {
        if (value->within && helpers_.field_of(*value->within, *value)) {
          helpers_.use(*value->within, *value, static_cast<std::uint16_t>(plan_.probes.size()),
                       static_cast<std::uint16_t>(field->offset - 1));
        }
      }
    }
  }

  void plan_identities() {
    for (const config::Service& service : config_->services) {
      if (std::ranges::find(services_, service.name) == services_.end()) {
        continue;
      }
      for (const config::IdentityLabel& label : service.identity) {
        plan_identity(service.name, label);
      }
    }
  }

  void plan_identity(const std::string& service, const config::IdentityLabel& label) {
    const std::string name = fmt::format("identity {}/{}", service, label.name);
    Result<PlannedFunctions> planned =
        planner_.plan({&label.functions, &label.signature, false},
                      [&](ProbeCompiler& compiler) { return compiler.compile_identity(label); });
    if (!planned) {
      plan_.skipped.push_back({name, kHelperProbe, planned.error().message});
      return;
    }
    skip_in_part(name, kHelperProbe, planned->left_out);
    for (PlannedProbe& one : planned->probes) {
      one.name = name;
      one.services = {service};
      one.config_probe = kHelperProbe;
      one.identity.push_back({label.name, object_number(name)});
      plan_.probes.push_back(std::move(one));
    }
  }

  void add_unwind_hooks() {
    const bool any_framed = std::ranges::any_of(plan_.probes, &PlannedProbe::framed);
    if (!any_framed) {
      return;
    }
    Result<std::vector<FoundHook>> hooks = find_unwind_hooks(*facts_, lookup_);
    if (!hooks) {
      note_missing_hooks(hooks.error().message);
      return;
    }
    for (FoundHook& found : *hooks) {
      Result<Site> site = planner_.entry_site(found.function);
      if (!site) {
        note_missing_hooks(facts_->functions[found.function].name + ": " + site.error().message);
        continue;
      }
      found.hook.site = *std::move(site);
      plan_.unwind_hooks.push_back(std::move(found.hook));
    }
  }

  void note_missing_hooks(const std::string& reason) {
    for (PlannedProbe& probe : plan_.probes) {
      if (probe.framed) {
        probe.notes.push_back(fmt::format("calls that end by a panic are noticed only later: {}", reason));
      }
    }
  }

  // Names for labels that say what an interface holds. Unnamed types but pointers to named ones are rare
  // there.
  void add_type_names() {
    const auto has_type_label = [](const PlannedProbe& probe) {
      return std::ranges::find(probe.labels, LabelField::Kind::kType, &LabelField::kind) !=
             probe.labels.end();
    };
    if (std::ranges::none_of(plan_.probes, has_type_label)) {
      return;
    }
    for (const inspect::Type& type : lookup_.types().types()) {
      if (type.descriptor && type.kind != inspect::TypeKind::kInterface) {
        plan_.type_names.emplace_back(value_of(*type.descriptor), type.name);
      }
    }
    std::ranges::sort(plan_.type_names);
  }

  const config::ProbeConfig* config_;  // the caller's
  const inspect::BinaryFacts* facts_;  // the caller's
  std::vector<std::string> services_;
  TypeLookup lookup_;
  FunctionPlanner planner_;
  WithinHelpers helpers_;
  ProbePlan plan_;
};

}  // namespace

ProbePlan make_plan(const config::ProbeConfig& config, const inspect::BinaryFacts& facts,
                    std::span<const std::string> services) {
  return PlanMaker(&config, &facts, services).make();
}

}  // namespace plan
