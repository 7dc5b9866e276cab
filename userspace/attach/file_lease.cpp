#include "attach/file_lease.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace attach {

base::Result<FileLease> FileLease::take(const std::string& open_path) {
  base::UniqueFd fd(::open(open_path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    return base::fail_errno(errno, "opening {}", open_path);
  }
  if (::fcntl(fd.value(), F_SETLEASE, F_RDLCK) != 0) {
    return base::fail_errno(errno, "taking a read lease on {}", open_path);
  }
  return FileLease(std::move(fd));
}

std::string FileLease::open_path() const {
  return fmt::format("/proc/self/fd/{}", fd_.value());
}

bool FileLease::is_broken() const {
  return ::fcntl(fd_.value(), F_GETLEASE) != F_RDLCK;
}

bool FileLease::is_unlinked() const {
  struct stat status{};
  return ::fstat(fd_.value(), &status) == 0 && status.st_nlink == 0;
}

}  // namespace attach
