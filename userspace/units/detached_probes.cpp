#include "units/detached_probes.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "attach/pinned_binary.hpp"
#include "base/clock.hpp"
#include "plan/output/bound_probes.hpp"
#include "units/attachments.hpp"
#include "units/retired_counts.hpp"

namespace units {
namespace {

using attach::AttachedBinary;
using attach::Presence;

// Where a target has the binary; "" where no process of a service runs it now.
std::string path_of(const AttachedBinary& binary, std::span<const discover::Target> targets) {
  const auto target = std::ranges::find_if(
      targets, [&](const discover::Target& candidate) { return candidate.binary.is_same_file(binary.id); });
  return target == targets.end() ? "" : target->open_path;
}

// The last that was attached goes first: entries before returns, and a probe before those that read labels
// for it.
void close(attach::Links& links) {
  for (auto& [process, of_process] : links) {
    while (!of_process.empty()) {
      of_process.pop_back();
    }
  }
}

// Those that put values into the calls of others come first, as at the first time.
std::vector<std::size_t> in_order(const plan::ProbePlan& plan, const std::set<std::size_t>& probes) {
  std::vector<std::size_t> order(probes.begin(), probes.end());
  std::ranges::stable_partition(order, [&](std::size_t i) { return !plan.probes[i].contributions.empty(); });
  return order;
}

void link(MovedProbes& moved, const std::string& open_path, const attach::KernelSupport& kernel) {
  const AttachedBinary& binary = moved.attachment->binary;
  for (const std::size_t i : in_order(binary.plan, moved.probes)) {
    auto links = attach::link_again(binary, i, open_path, kernel);
    if (!links) {
      moved.errors[i] = std::move(links.error().message);
      moved.probes.erase(i);
      continue;
    }
    for (auto& [process, made] : *links) {
      std::ranges::move(made, std::back_inserter(moved.links[process]));
    }
  }
}

void describe(const AttachedBinary& binary, const attach::PinFolder& units, base::Logger& log) {
  if (auto result = attach::describe_again(units, binary); !result) {
    log.error("keeping since when probes are attached",
              {{"service", binary.service}, {"error", result.error().message}});
  }
}

}  // namespace

std::set<std::size_t> detached_probes(const Budget& budget, const std::string& service,
                                      const plan::ProbePlan& plan) {
  const std::set<std::string> names = budget.detached(service);
  std::set<std::size_t> probes;
  for (std::size_t i = 0; i < plan.probes.size(); ++i) {
    if (names.contains(plan.probes[i].name)) {
      probes.insert(i);
    }
  }
  return plan::with_bound_probes(plan, std::move(probes));
}

std::vector<MovedProbes> take_out(std::span<const std::unique_ptr<Attachment>> attachments,
                                  const Budget& budget) {
  std::vector<MovedProbes> all;
  for (const auto& attachment : attachments) {
    AttachedBinary& binary = attachment->binary;
    if (!attachment->is_current() || binary.links.empty()) {
      continue;
    }
    MovedProbes moved{.attachment = attachment.get(),
                      .probes = detached_probes(budget, binary.service, binary.plan)};
    std::erase_if(moved.probes,
                  [&](std::size_t i) { return binary.probes[i].presence == Presence::kDetached; });
    if (moved.probes.empty()) {
      continue;
    }
    moved.links = attach::take_links(binary, moved.probes);
    for (const std::size_t i : moved.probes) {
      binary.probes[i].presence = Presence::kDetached;
      binary.probes[i].since_ns = attach::kNever;
    }
    attachment->forget_calls();  // which functions it follows has changed
    all.push_back(std::move(moved));
  }
  return all;
}

void finish_taking_out(std::vector<MovedProbes> all, const attach::SharedMaps& maps,
                       const attach::PinFolder& units, base::Logger& log) {
  for (MovedProbes& moved : all) {
    close(moved.links);
    const AttachedBinary& binary = moved.attachment->binary;
    std::map<std::uint16_t, call_end> numbers;
    for (const std::size_t i : moved.probes) {
      numbers.emplace(binary.probes[i].number, CALL_LEFT);
    }
    if (auto result = end_calls(binary, numbers, maps); !result) {
      log.error("ending calls of detached probes",
                {{"service", binary.service}, {"error", result.error().message}});
    }
    describe(binary, units, log);
  }
}

std::vector<MovedProbes> link_returning(std::span<const std::unique_ptr<Attachment>> attachments,
                                        const Budget& budget, std::span<const discover::Target> targets,
                                        const attach::KernelSupport& kernel) {
  std::vector<MovedProbes> all;
  for (const auto& attachment : attachments) {
    const AttachedBinary& binary = attachment->binary;
    const std::set<std::size_t> away = detached_probes(budget, binary.service, binary.plan);
    MovedProbes moved{.attachment = attachment.get()};
    for (std::size_t i = 0; attachment->is_current() && i < binary.probes.size(); ++i) {
      if (binary.probes[i].presence == Presence::kDetached && !away.contains(i)) {
        moved.probes.insert(i);
      }
    }
    if (!moved.probes.empty()) {
      link(moved, path_of(binary, targets), kernel);
      all.push_back(std::move(moved));
    }
  }
  return all;
}

void put_back(std::vector<MovedProbes>& all, base::Logger& log) {
  for (MovedProbes& moved : all) {
    AttachedBinary& binary = moved.attachment->binary;
    attach::add_links(binary, std::move(moved.links));
    for (const std::size_t i : moved.probes) {
      binary.probes[i].presence = Presence::kSettling;
      binary.probes[i].since_ns = base::boot_time_ns();
      binary.probes[i].error.clear();
    }
    for (auto& [i, error] : moved.errors) {
      if (binary.probes[i].error != error) {
        log.warn("probe not attached again yet",
                 {{"service", binary.service}, {"probe", binary.plan.probes[i].name}, {"reason", error}});
        binary.probes[i].error = error;
      }
    }
    if (!moved.probes.empty()) {
      moved.attachment->forget_calls();
    }
  }
}

void finish_putting_back(std::span<const MovedProbes> all, const attach::PinFolder& units,
                         base::Logger& log) {
  for (const MovedProbes& moved : all) {
    AttachedBinary& binary = moved.attachment->binary;
    for (const std::size_t i : moved.probes) {
      log.info("probe attached again", {{"service", binary.service}, {"probe", binary.plan.probes[i].name}});
    }
    if (!moved.probes.empty()) {
      describe(binary, units, log);
    }
  }
}

}  // namespace units
