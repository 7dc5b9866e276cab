// The running processes of the config's services, kept up to date one process at a time: a look at all of
// /proc costs some 20 us for each process of the machine.
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

#include "config/probe_config.hpp"
#include "discover/proc_fs.hpp"
#include "discover/target.hpp"

namespace discover {

// One thread at a time.
class TargetTable {
 public:
  // `proc` outlives the table. `self`, the exporter, is never a target.
  TargetTable(const ProcFs* proc, pid_t self) : proc_(proc), self_(self) {}

  // Looks at every process.
  void look_at_all(const std::vector<config::Service>& services);

  // Looks at one process, which is new or runs a new image, or has ended. If it is the first to run its
  // binary, or the file holds something else by now, looks at every process: Target::strangers has to be
  // known. Returns whether targets() has changed.
  bool look_at(const std::vector<config::Service>& services, pid_t pid);

  // The process has ended. Returns whether targets() has changed.
  bool remove(pid_t pid);

  // As find_targets() would find them, but strangers are those of the last look at every process.
  [[nodiscard]] std::vector<Target> targets() const;

 private:
  bool add(Target::Member member);

  const ProcFs* proc_;
  pid_t self_;
  std::map<FileId, Target> by_file_;  // also those that nobody runs any more, until the next look at all
  std::map<pid_t, FileId> members_;
};

}  // namespace discover
