// Taking probes out of binaries for a while, and putting them back, as the budget says. Before links are
// closed the owner publishes what readers see from then on; each step belongs to the owner's thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "attach/attach_binary.hpp"
#include "attach/pin_folder.hpp"
#include "base/log.hpp"
#include "discover/target.hpp"
#include "plan/probe_plan.hpp"
#include "units/budget.hpp"

namespace units {

struct Attachment;

// Probes of one attachment on their way out or in, by index.
struct MovedProbes {
  Attachment* attachment = nullptr;
  std::set<std::size_t> probes;
  attach::Links links;
  std::map<std::size_t, std::string> errors;  // of others, which cannot be put back: a process is gone, ...
};

// Probes of the plan that are to be without links now: those that broke the budget, and what is bound to
// them.
[[nodiscard]] std::set<std::size_t> detached_probes(const Budget& budget, const std::string& service,
                                                    const plan::ProbePlan& plan);

// Takes the links of probes that are to be detached.
[[nodiscard]] std::vector<MovedProbes> take_out(std::span<const std::unique_ptr<Attachment>> attachments,
                                                const Budget& budget);

// Closes them and ends the calls that were in flight, whose ends nobody will see.
void finish_taking_out(std::vector<MovedProbes> moved, const attach::SharedMaps& maps,
                       const attach::PinFolder& units, base::Logger& log);

// Attaches probes that may come back. Nothing of the attachments changes.
[[nodiscard]] std::vector<MovedProbes> link_returning(
    std::span<const std::unique_ptr<Attachment>> attachments, const Budget& budget,
    std::span<const discover::Target> targets, const attach::KernelSupport& kernel);

// They are attached. Calls that began before are to be looked for next. One that could not be
// linked is tried again with the next link_returning().
void put_back(std::vector<MovedProbes>& moved, base::Logger& log);

// Those calls are found, the gauges are right again.
void finish_putting_back(std::span<const MovedProbes> moved, const attach::PinFolder& units,
                         base::Logger& log);

}  // namespace units
