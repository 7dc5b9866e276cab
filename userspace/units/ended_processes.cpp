#include "units/ended_processes.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "collect/fold_process.hpp"
#include "collect/label_values.hpp"

namespace units {
namespace {

constexpr std::chrono::hours kRetireAfter{1};
// Unless more than these are gone: new processes need the place of their records, which is half of all.
constexpr std::size_t kMostRetiring = 4096;

}  // namespace

void EndedProcesses::end(std::uint32_t number, const attach::SharedMaps& maps) {
  const std::vector<std::string>& services = registry_->table().at(number).services;
  const bool ours = !services.empty();
  for (const auto& attachment : attachments_->all()) {
    const attach::AttachedBinary& binary = attachment->binary;
    auto result = collect::forget_calls(binary, number);
    if (result) {
      // Until a process is classified, the probes of every service that runs this binary count it.
      const bool counts_here = std::ranges::find(services, binary.service) != services.end();
      result = counts_here ? collect::fold_process(binary, number, collect::Fold::kWithoutProcessLabels)
                           : collect::discard_process(binary, number);
    }
    if (!result) {
      log_->error("ending a process", {{"number", number}, {"error", result.error().message}});
    }
  }
  if (ours && has_labels_of_its_own(number)) {
    retiring_.push_back({.number = number, .until = clock_->steady_now() + kRetireAfter});
  } else {
    registry_->forget(maps, number);
  }
}

bool EndedProcesses::has_labels_of_its_own(std::uint32_t number) const {
  const std::vector<std::string>& services = registry_->table().at(number).services;
  const auto& in_totals = std::as_const(*kept_).totals().samples;
  const bool is_in_totals =
      std::ranges::find(in_totals, number, &collect::Sample::process) != in_totals.end();
  return is_in_totals || std::ranges::any_of(attachments_->all(), [&](const auto& attachment) {
           return std::ranges::find(services, attachment->binary.service) != services.end() &&
                  std::ranges::any_of(attachment->binary.plan.probes, collect::has_process_labels);
         });
}

void EndedProcesses::retire(const attach::SharedMaps& maps) {
  while (!retiring_.empty() &&
         (retiring_.size() > kMostRetiring || retiring_.front().until <= clock_->steady_now())) {
    const std::uint32_t number = retiring_.front().number;
    for (const auto& attachment : attachments_->all()) {
      if (auto result = collect::fold_process(attachment->binary, number, collect::Fold::kAll); !result) {
        log_->error("retiring a process", {{"number", number}, {"error", result.error().message}});
      }
    }
    collect::forget_process(kept_->totals(), number);
    registry_->forget(maps, number);
    retiring_.pop_front();
  }
}

}  // namespace units
