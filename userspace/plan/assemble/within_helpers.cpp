#include "plan/assemble/within_helpers.hpp"

#include <algorithm>
#include <utility>

#include "abi/limits.h"
#include "plan/language/go/function_name.hpp"

namespace plan {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

bool is_same_shape(const LabelField& left, const LabelField& right) {
  return left.kind == right.kind && left.offset == right.offset && left.size == right.size &&
         left.is_signed == right.is_signed;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    list += (list.empty() ? "" : ",") + name;
  }
  return list;
}

}  // namespace

WithinHelpers::WithinHelpers(FunctionPlanner* planner) : planner_(planner) {}

std::size_t WithinHelpers::index_of_read(Helper& helper, const config::ValueLabel& label) {
  const auto known = std::ranges::find_if(helper.reads, [&](const WithinRead& read) {
    return read.value.expression == label.value.expression && read.form == form_of(label);
  });
  const auto index = static_cast<std::size_t>(known - helper.reads.begin());
  if (known == helper.reads.end()) {
    helper.reads.push_back({label.value, form_of(label)});
  }
  return index;
}

const WithinHelpers::Helper* WithinHelpers::helper_of(const config::Within& within) const {
  const auto known = std::ranges::find(helpers_, within, &Helper::within);
  return known == helpers_.end() ? nullptr : &*known;
}

void WithinHelpers::add(const config::Within& within, const config::ValueLabel& label,
                        const std::string& service) {
  auto known = std::ranges::find(helpers_, within, &Helper::within);
  if (known == helpers_.end()) {
    helpers_.emplace_back();
    known = helpers_.end() - 1;
    known->within = within;
  }
  index_of_read(*known, label);
  if (std::ranges::find(known->services, service) == known->services.end()) {
    known->services.push_back(service);
  }
}

void WithinHelpers::compile() {
  std::ranges::for_each(helpers_, [this](Helper& helper) { compile_one(helper); });
}

void WithinHelpers::compile_one(Helper& helper) {
  Result<PlannedFunctions> planned =
      planner_->plan({&helper.within.functions, &helper.within.signature, false},
                     [&](ProbeCompiler& compiler) { return compiler.compile_helper(helper.reads); });
  if (!planned) {
    helper.error = std::move(planned.error());
    return;
  }
  helper.probes = std::move(planned->probes);
  helper.left_out = std::move(planned->left_out);
  for (const PlannedProbe& probe : helper.probes) {
    if (!std::ranges::equal(probe.labels, helper.probes.front().labels, is_same_shape)) {
      helper.error = base::Error{ErrorCode::kUnsupported,
                                 "its functions give values of different types; name one of them"};
    }
  }
}

std::vector<std::string> WithinHelpers::left_out_of(const config::Within& within) const {
  const Helper* helper = helper_of(within);
  return helper == nullptr ? std::vector<std::string>() : helper->left_out;
}

Result<LabelField> WithinHelpers::field_of(const config::Within& within,
                                           const config::ValueLabel& label) const {
  const Helper* helper = helper_of(within);
  if (helper == nullptr) {
    return fail(ErrorCode::kNotFound, "no such read");
  }
  if (helper->error) {
    return std::unexpected(*helper->error);
  }
  const auto read = std::ranges::find_if(helper->reads, [&](const WithinRead& one) {
    return one.value.expression == label.value.expression && one.form == form_of(label);
  });
  return helper->probes.front().labels.at(static_cast<std::size_t>(read - helper->reads.begin()));
}

void WithinHelpers::use(const config::Within& within, const config::ValueLabel& label, std::uint16_t target,
                        std::uint16_t destination) {
  const auto helper = std::ranges::find(helpers_, within, &Helper::within);
  helper->uses.push_back({index_of_read(*helper, label), target, destination});
}

void WithinHelpers::append_to(std::vector<PlannedProbe>& probes) {
  for (Helper& helper : helpers_) {
    for (PlannedProbe& probe : helper.probes) {
      if (helper.uses.empty() || helper.error) {
        continue;
      }
      for (const Use& use : helper.uses) {
        const LabelField& field = probe.labels.at(use.read);
        Contribution contribution;
        contribution.target = use.target;
        contribution.source = static_cast<std::uint16_t>(field.offset - 1);
        contribution.destination = use.destination;
        contribution.length = static_cast<std::uint16_t>(field.size + 1);
        contribution.at_return = !probe.return_sites.empty();
        probe.contributions.push_back(contribution);
      }
      probe.name = fmt::format("within {}/{}", list_of(helper.services),
                               short_function_name(helper.within.functions.front()));
      probe.services = helper.services;
      probe.config_probe = kHelperProbe;
      probe.labels.clear();
      probes.push_back(std::move(probe));
    }
  }
}

}  // namespace plan
