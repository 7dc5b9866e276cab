// Being told before a probed file is overwritten in place. The kernel keeps the instructions it saw when a
// probe was attached; were the file changed under a live probe while nothing runs it, every later start of
// the program would die. A read lease makes the writer wait until we have detached.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"

namespace attach {

class FileLease {
 public:
  // Needs CAP_LEASE where the file is not ours, and a file system that knows leases. SIGIO, which tells of a
  // writer, must be blocked in all threads: its default action ends the process.
  static base::Result<FileLease> take(const std::string& open_path);

  // Opens the file, also when no process runs it.
  [[nodiscard]] std::string open_path() const;

  // A writer waits: detach, then destroy this. The kernel gives us /proc/sys/fs/lease-break-time seconds.
  [[nodiscard]] bool is_broken() const;

  // The file has no name any more: no process will run it again.
  [[nodiscard]] bool is_unlinked() const;

 private:
  explicit FileLease(base::UniqueFd fd) : fd_(std::move(fd)) {}

  base::UniqueFd fd_;
};

}  // namespace attach
