// /proc, below a root that tests choose. Processes come and go while we read: one that is not there any more
// (or became another in between) is absent, never an error, and never a mixture of two.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/resource_use.hpp"
#include "discover/target.hpp"

namespace discover {

class ProcFs {
 public:
  // The binary that lies below the one of a process, which the path opens: see attach::RealFiles.
  using Below = std::function<BinaryId(const Process&, const std::string& path)>;

  explicit ProcFs(std::string root = "/proc", Below below = nullptr)
      : root_(std::move(root)), below_(std::move(below)) {}

  // All processes, ascending; kernel threads too.
  [[nodiscard]] std::vector<pid_t> pids() const;

  // Absent as well: kernel threads and zombies (no executable) and processes that we may not look at.
  // Arguments and environment are the process's own bytes, of any kind; what is beyond 128 KiB of them is not
  // read.
  [[nodiscard]] std::optional<Process> process(pid_t pid, bool with_environment) const;

  // Process::exe alone: one system call.
  [[nodiscard]] std::optional<std::string> exe(pid_t pid) const;

  [[nodiscard]] std::optional<base::ResourceUse> resource_use(pid_t pid) const;

  // Opens the very file that the process runs, also across mount namespaces and after it was unlinked.
  [[nodiscard]] std::string exe_path(pid_t pid) const;

 private:
  [[nodiscard]] std::string path_of(pid_t pid, const char* entry) const;

  std::string root_;
  Below below_;
};

}  // namespace discover
