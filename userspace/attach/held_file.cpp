#include "attach/held_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace attach {

base::Result<HeldFile> HeldFile::open(const std::string& path, Lease lease) {
  // Without O_NONBLOCK the owner of the file could keep us waiting by a lease of his own.
  base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    return base::fail_errno(errno, "opening {}", path);
  }
  const bool has_lease = lease == Lease::kWherePossible && ::fcntl(fd.value(), F_SETLEASE, F_RDLCK) == 0;
  struct stat status{};
  if (::fstat(fd.value(), &status) != 0) {
    return base::fail_errno(errno, "looking at {}", path);
  }
  return HeldFile(std::move(fd), has_lease, discover::binary_id_of(status));
}

std::string HeldFile::open_path() const {
  return fmt::format("/proc/self/fd/{}", fd_.value());
}

bool HeldFile::is_unchanged() const {
  struct stat status{};
  return !is_broken() && ::fstat(fd_.value(), &status) == 0 && discover::binary_id_of(status) == id_;
}

bool HeldFile::is_broken() const {
  return has_lease_ && ::fcntl(fd_.value(), F_GETLEASE) != F_RDLCK;
}

bool HeldFile::is_unlinked() const {
  struct stat status{};
  return ::fstat(fd_.value(), &status) == 0 && status.st_nlink == 0;
}

}  // namespace attach
