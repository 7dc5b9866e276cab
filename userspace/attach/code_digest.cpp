#include "attach/code_digest.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>

#include "base/unique_fd.hpp"

namespace attach {
namespace {

// FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ (64 bits).
class Digest {
 public:
  void add(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
      value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
    }
  }

  void add(std::uint64_t word) { add(std::as_bytes(std::span(&word, 1))); }

  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

class CodeReader {
 public:
  CodeReader(int fd, const std::string& path) : fd_(fd), path_(&path) {}

  base::Result<> add(const plan::Site& site) {
    std::array<std::byte, 16> code{};  // the last instruction of a file has less
    const ssize_t got =
        ::pread(fd_, code.data(), code.size(), static_cast<off_t>(inspect::value_of(site.offset)));
    if (got <= 0) {
      return base::fail_errno(got < 0 ? errno : EIO, "reading the code at {:#x} of {}",
                              inspect::value_of(site.address), *path_);
    }
    digest_.add(inspect::value_of(site.offset));
    digest_.add(code);
    return {};
  }

  base::Result<> add(const std::vector<plan::Site>& sites) {
    for (const plan::Site& site : sites) {
      RETURN_IF_ERROR(add(site));
    }
    return {};
  }

  void add_size(std::uint64_t size) { digest_.add(size); }

  [[nodiscard]] std::uint64_t value() const { return digest_.value(); }

 private:
  int fd_;
  const std::string* path_;  // the caller's
  Digest digest_;
};

}  // namespace

base::Result<std::uint64_t> digest_of_code(const std::string& path, const plan::ProbePlan& plan) {
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    return base::fail_errno(errno, "opening {}", path);
  }
  struct stat status{};
  if (::fstat(fd.value(), &status) != 0) {
    return base::fail_errno(errno, "reading the size of {}", path);
  }
  CodeReader reader(fd.value(), path);
  reader.add_size(static_cast<std::uint64_t>(status.st_size));
  for (const plan::PlannedProbe& probe : plan.probes) {
    RETURN_IF_ERROR(reader.add(probe.entry_sites));
    RETURN_IF_ERROR(reader.add(probe.return_sites));
  }
  for (const plan::UnwindHook& hook : plan.unwind_hooks) {
    RETURN_IF_ERROR(reader.add(hook.site));
  }
  return reader.value();
}

}  // namespace attach
