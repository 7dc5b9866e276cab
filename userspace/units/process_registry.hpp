// Classifies the processes that the kernel has numbered: whose service is number 7?
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "attach/process_watch.hpp"
#include "attach/service_bits.hpp"
#include "base/error.hpp"
#include "collect/process_table.hpp"
#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "units/running_calls.hpp"

namespace units {

// A binary whose processes can be hit.
struct ProbedBinary {
  discover::BinaryId id;
  std::string exe;
};

// Says whose a process is. Owns nothing; any thread.
struct Classifier {
  const std::vector<config::Service>* services = nullptr;
  const attach::ServiceBits* service_bits = nullptr;
  const discover::ProcFs* proc = nullptr;
  attach::PidNamespace pid_namespace;

  // In the initial pid namespace, a record has the right pid also if the exporter that wrote it was
  // elsewhere.
  [[nodiscard]] pid_t pid_of(const process_record& record) const;

  [[nodiscard]] collect::KnownProcess classify(const attach::SharedMaps& maps, std::uint32_t number,
                                               const process_record& record,
                                               const std::vector<ProbedBinary>& binaries) const;
};

// `known` with the processes that the kernel has numbered, and that have exited, since it was made: what a
// scrape counts does not depend on how soon the owner comes to them. What it finds out about a
// process is left in the kernel's maps for the owner, who may come when the process is gone. Any thread.
[[nodiscard]] base::Result<std::shared_ptr<const collect::ProcessTable>> latest_processes(
    std::shared_ptr<const collect::ProcessTable> known, const Classifier& classifier,
    const attach::SharedMaps& maps, const std::vector<ProbedBinary>& binaries);

class ProcessRegistry {
 public:
  // All arguments outlive the result.
  ProcessRegistry(const config::ProbeConfig* config, const attach::ServiceBits* service_bits,
                  const discover::ProcFs* proc, const attach::ProcessWatch* watch)
      : config_(config), service_bits_(service_bits), proc_(proc), watch_(watch) {}

  // After a time in which nobody followed processes: numbers end whose process is gone.
  [[nodiscard]] base::Result<> end_gone(const attach::SharedMaps& maps) const;

  // After the services have changed.
  void classify_again(const attach::SharedMaps& maps, const std::vector<ProbedBinary>& binaries);

  // Takes in numbers that are new, tells the kernel what they are, and marks processes that have exited.
  // Returns the numbers that have exited since the last call.
  [[nodiscard]] base::Result<std::vector<std::uint32_t>> update(const attach::SharedMaps& maps,
                                                                const std::vector<ProbedBinary>& binaries);

  // Takes in what the probes of a binary have learned of processes that lacked a label; it stays while the
  // process is in the table. Error: a label cannot be kept for the next exporter, which then waits until it
  // is learned again.
  [[nodiscard]] base::Result<> learn_labels(const attach::SharedMaps& maps,
                                            const attach::AttachedBinary& binary);

  // Processes of our services that the kernel has not numbered yet: they were not hit so far.
  [[nodiscard]] std::vector<pid_t> without_number(const std::vector<discover::Target>& targets) const;

  // A service's processes that run a file now: nobody has written to it since they started.
  [[nodiscard]] std::vector<LiveProcess> live(const discover::BinaryId& binary,
                                              const std::string& service) const;

  // Nothing refers to this process any more.
  void forget(const attach::SharedMaps& maps, std::uint32_t number);

  [[nodiscard]] const collect::ProcessTable& table() const { return table_; }

  // The same, for readers.
  [[nodiscard]] const std::shared_ptr<const collect::ProcessTable>& published_table();

 private:
  [[nodiscard]] Classifier classifier() const {
    return {.services = &config_->services,
            .service_bits = service_bits_,
            .proc = proc_,
            .pid_namespace = watch_->pid_namespace()};
  }

  void publish(const attach::SharedMaps& maps, const process_record& record, std::uint32_t number,
               const std::vector<std::string>& services) const;

  const config::ProbeConfig* config_;        // owned by the exporter
  const attach::ServiceBits* service_bits_;  // owned by the exporter
  const discover::ProcFs* proc_;             // owned by the exporter
  const attach::ProcessWatch* watch_;        // owned by the exporter
  collect::ProcessTable table_;
  std::shared_ptr<const collect::ProcessTable> shown_;  // null: it may have changed since
};

}  // namespace units
