// Which services are probed in which binaries: rounds of discover, inspect, plan and attach.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/process_registry.hpp"
#include "app/running_calls.hpp"
#include "attach/attach_binary.hpp"
#include "base/log.hpp"
#include "collect/collector.hpp"
#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "discover/target.hpp"

namespace app {

// One service's probes in one binary. Attached when the first process of the service runs it, and kept: a
// restart is then counted from its first call.
struct Attachment {
  std::string service;
  attach::AttachedBinary binary;
  collect::Collector collector;
  std::unique_ptr<RunningCalls> calls;  // from the first look on; refers to `binary`
};

// What is to be attached and is not yet.
struct Missing {
  discover::Target target;
  std::string service;
};

class Attachments {
 public:
  Attachments(const config::ProbeConfig* config, base::Logger* log) : config_(config), log_(log) {}

  [[nodiscard]] std::vector<Missing> missing(const std::vector<discover::Target>& targets) const;

  // Inspects, plans and attaches; takes seconds for a large binary, and does not touch what is attached. A
  // binary that cannot be probed is logged and given up.
  [[nodiscard]] std::optional<Attachment> attach(const Missing& missing, const attach::ProcessWatch& watch,
                                                 const attach::KernelSupport& kernel);

  void add(const Missing& missing, std::optional<Attachment> attachment);

  // Attaches to new processes where breakpoints are per process.
  void follow_members(const std::vector<discover::Target>& targets, const attach::KernelSupport& kernel);

  // Takes the breakpoints out of files that somebody waits to overwrite. What was counted stays; the file is
  // looked at anew when a service runs it again.
  void give_way_to_writers();

  [[nodiscard]] std::vector<std::unique_ptr<Attachment>>& all() { return attachments_; }

  [[nodiscard]] const std::vector<std::unique_ptr<Attachment>>& all() const { return attachments_; }

  [[nodiscard]] std::vector<ProbedBinary> binaries() const;

 private:
  struct Tried {
    discover::BinaryId binary;
    std::string service;

    bool operator==(const Tried&) const = default;
  };

  void report(const Attachment& attachment) const;

  const config::ProbeConfig* config_;  // owned by the exporter
  base::Logger* log_;                  // owned by main
  attach::ProbeNumbers numbers_;
  std::vector<std::unique_ptr<Attachment>> attachments_;
  std::vector<Tried> tried_;
};

}  // namespace app
