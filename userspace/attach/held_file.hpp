// The executable file that is inspected and probed. The kernel keeps the instructions that it saw when a
// breakpoint was set; with the file changed under it, programs that start later run old instructions in new
// code and die. So a file is opened, leased, inspected, probed and looked at again, in this order, and what
// is not the file that was inspected is not probed.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "discover/target.hpp"

namespace attach {

enum class Lease {
  kNone,
  kWherePossible,  // needs CAP_LEASE where the file is not ours, and a file system that knows leases
};

class HeldFile {
 public:
  // Never waits. With a lease, whoever opens the file for writing waits until this object is destroyed, or
  // for /proc/sys/fs/lease-break-time seconds; SIGIO tells of it and must be blocked in all threads, as its
  // default action ends the process. A file without a lease can be written to as soon as no process runs it.
  static base::Result<HeldFile> open(const std::string& path, Lease lease);

  // Opens the file, also when no process runs it.
  [[nodiscard]] std::string open_path() const;

  [[nodiscard]] bool has_lease() const { return has_lease_; }

  // The file as it was when it was opened; on overlayfs the one above.
  [[nodiscard]] const discover::BinaryId& id() const { return id_; }

  // Nobody has changed the file since, and nobody waits to. What was read from it in between is true.
  [[nodiscard]] bool is_unchanged() const;

  // A writer waits for the lease, or waited too long and has got the file: detach, then destroy this.
  [[nodiscard]] bool is_broken() const;

  // The file has no name any more: no process will run it again.
  [[nodiscard]] bool is_unlinked() const;

 private:
  HeldFile(base::UniqueFd fd, bool has_lease, const discover::BinaryId& id)
      : fd_(std::move(fd)), has_lease_(has_lease), id_(id) {}

  base::UniqueFd fd_;
  bool has_lease_ = false;
  discover::BinaryId id_;
};

}  // namespace attach
