// Which services are probed in which binaries: rounds of discover, inspect, plan and attach.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "attach/attach_binary.hpp"
#include "base/log.hpp"
#include "collect/collector.hpp"
#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "discover/target.hpp"
#include "units/budget.hpp"
#include "units/kept_state.hpp"
#include "units/process_registry.hpp"
#include "units/running_calls.hpp"
#include "units/unit_state.hpp"

namespace units {

// One service's probes in one binary. Attached when the first process of the service runs it, and kept: a
// restart is then counted from its first call.
struct Attachment {
  attach::AttachedBinary binary;
  std::shared_ptr<collect::GaugeMemory> gauges = std::make_shared<collect::GaugeMemory>();
  std::unique_ptr<RunningCalls> calls;      // from the first look on; refers to `binary`
  std::vector<std::string> unknown_before;  // unknown baselines until `calls` knows better
  bool is_adopted = false;                  // left by the exporter before; nothing is attached
  bool is_new = false;                      // not reported yet
  bool has_other_problems = false;          // than were reported
  UnitState state = UnitState::kInspected;
  std::shared_ptr<const attach::CountedBinary> shown = nullptr;  // at the last published()

  // As the table of states says; events that do not concern it change nothing.
  void on(UnitEvent event) { state = next_state(state, event).value_or(state); }

  // Whether its probes are the configured ones, not some that a later generation has changed or left out.
  [[nodiscard]] bool is_current() const { return state != UnitState::kRetiring; }

  // What readers see of `binary`: equal to it at every call, and a copy only where something has changed.
  [[nodiscard]] const std::shared_ptr<const attach::CountedBinary>& published();

  // Its probes change. What is not known stays so until the next look, and gauges of calls that only `calls`
  // knew of are not known until then.
  void forget_calls();

  // Takes the place of a generation that was told to forget_calls(): of probes that are the same no more is
  // known than before.
  void go_on_from(const Attachment& earlier);
};

// What is to be attached and is not yet.
struct Missing {
  discover::Target target;
  std::string service;
};

// What became of it. Without an attachment: the binary cannot be probed, or is probed as it should be
// already.
struct Attempt {
  Missing missing;
  std::optional<Attachment> attachment;
  bool takes_over = false;  // from programs that count until its gate is opened
  bool is_as_before =
      false;  // the file or the configuration was touched and the probes are as they should be
  std::vector<plan::SkippedProbe> skipped = {};  // of one that is as before
  bool is_stale = false;  // the file changed while it was inspected and probed: to be tried again
  std::optional<std::string> refused = std::nullopt;  // why the binary cannot be probed
};

class Attachments {
 public:
  // All arguments outlive the result.
  Attachments(const config::ProbeConfig* config, const Budget* budget, KeptState* kept, base::Logger* log)
      : config_(config), budget_(budget), kept_(kept), log_(log) {}

  // Takes over what the exporter before has left. Nothing is attached by that.
  void adopt(std::vector<attach::AttachedBinary> binaries);

  [[nodiscard]] std::vector<Missing> missing(const std::vector<discover::Target>& targets) const;

  // The config has changed: everything is missing again.
  void try_all_again() { tried_.clear(); }

  // Detaches from files that hold another program than was inspected; what was counted stays. Before anything
  // is attached to them: the kernel knows one instruction for each place of a file. To be followed by
  // close_detached().
  void leave_changed_files(const std::vector<discover::Target>& targets, const attach::SharedMaps& maps);

  // Inspects, plans and attaches; takes seconds for a large binary, and does not touch what is attached. A
  // binary that cannot be probed is logged and given up.
  [[nodiscard]] Attempt attach(Missing missing, const attach::ProcessWatch& watch,
                               const attach::KernelSupport& kernel);

  // From here on the attempts count, and what they take the place of does not. Takes half a second where
  // something was attached before.
  void open(std::span<const Attempt> attempts, const attach::SharedMaps& maps) const;

  // Takes them in; detaches what they have taken the place of.
  void add(std::vector<Attempt> attempts, const attach::SharedMaps& maps);

  // Attaches to new processes where breakpoints are per process.
  void follow_members(const std::vector<discover::Target>& targets, const attach::KernelSupport& kernel);

  // Takes the breakpoints out of files that somebody waits to overwrite. What was counted stays; the file is
  // looked at anew when a service runs it again.
  void give_way_to_writers(const attach::SharedMaps& maps);

  // Detaches what another exporter has taken over.
  void give_way_to_successor(const attach::SharedMaps& maps);

  // Goes on after an exporter that has ended before it began to count; removes what it has left.
  void resume(const attach::SharedMaps& maps);

  // Detaches services that the config does not have any more.
  void drop_left_out_services(const attach::SharedMaps& maps);

  // Moves the counts of what nobody will hit any more to the totals, and forgets it.
  void retire(const ProcessRegistry& registry, const attach::SharedMaps& maps);

  // Says of each that was added since what is attached, and of each that was looked at again what cannot be:
  // to be called when readers see it, so that whoever waits for the line finds every later call on the page.
  void report_new();

  // What was detached above counts nothing, and its breakpoints are there until this is called.
  void close_detached();

  // Ends all of it: nothing counts from one moment on, then the breakpoints are taken out. Counts stay
  // pinned.
  void end(const attach::SharedMaps& maps);

  [[nodiscard]] std::vector<std::unique_ptr<Attachment>>& all() { return attachments_; }

  [[nodiscard]] const std::vector<std::unique_ptr<Attachment>>& all() const { return attachments_; }

  [[nodiscard]] std::vector<ProbedBinary> binaries() const;

 private:
  struct Tried {
    discover::BinaryId binary;
    std::string service;

    bool operator==(const Tried&) const = default;
  };

  // From here on nothing counts: calls in flight stay in the maps as they are, for the next exporter.
  void stop_counting(const attach::SharedMaps& maps) const;
  // Whatever the file holds now.
  void forget_tried(const discover::BinaryId& file, const std::string& service);
  [[nodiscard]] static bool may_have_changed(const attach::AttachedBinary& binary,
                                             const discover::Target& target);
  // Of the same file; leave_changed_files() has seen to it that it is the same program.
  [[nodiscard]] Attachment* find(const discover::BinaryId& binary, const std::string& service) const;
  [[nodiscard]] bool is_counting(const Attachment& attachment) const;
  [[nodiscard]] bool is_as_planned(const Attachment& earlier, const plan::ProbePlan& plan) const;
  void detach(Attachment& attachment, const attach::SharedMaps& maps);
  void replace(Attachment& earlier, Attachment fresh, const attach::SharedMaps& maps);
  [[nodiscard]] bool is_over(const Attachment& attachment, const ProcessRegistry& registry) const;
  [[nodiscard]] bool retire(Attachment& attachment, const ProcessRegistry& registry,
                            const attach::SharedMaps& maps);
  void give_back(const std::vector<attach::AttachedProbe>& probes, const attach::SharedMaps& maps);
  void report(const Attachment& attachment) const;
  void report_problems(const Attachment& attachment) const;

  const config::ProbeConfig* config_;  // owned by the exporter
  const Budget* budget_;               // owned by the exporter
  KeptState* kept_;                    // owned by the exporter
  base::Logger* log_;                  // owned by main
  attach::UnitNumbers numbers_;
  std::vector<std::unique_ptr<Attachment>> attachments_;
  std::vector<Tried> tried_;
  std::vector<attach::Detached> detached_;
};

}  // namespace units
