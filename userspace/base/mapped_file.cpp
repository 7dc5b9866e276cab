#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/unique_fd.hpp"

namespace base {
namespace {

constexpr std::size_t kMaxRead = 1UL << 30U;

// Owns pages until they are given to a MappedFile.
struct Unmap {
  std::size_t size = 0;

  void operator()(std::byte* data) const { ::munmap(data, size); }
};

using Pages = std::unique_ptr<std::byte, Unmap>;

void* map(int fd, std::size_t size, int protection, int flags) {
  return ::mmap(nullptr, size, protection, flags, fd, 0);
}

Pages owned(void* data, std::size_t size) {
  return {static_cast<std::byte*>(data), Unmap{size}};
}

Result<Pages> read_all(int fd, std::size_t size, const std::string& path) {
  if (size > kMaxRead) {
    return fail(ErrorCode::kUnsupported,
                "{} cannot be mapped (its file system says no), and its {} bytes are too many to be read: at "
                "most {}; copy it to another file system",
                path, size, kMaxRead);
  }
  void* const data = map(-1, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  if (data == MAP_FAILED) {
    return fail_errno(errno, "reading {} into memory", path);
  }
  Pages pages = owned(data, size);
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::pread(fd, pages.get() + done, size - done, static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return fail_errno(errno, "reading {}", path);
    }
    if (got == 0) {
      return fail(ErrorCode::kIo, "{} was truncated while it was read: {} of {} bytes are there", path, done,
                  size);
    }
    done += static_cast<std::size_t>(got);
  }
  return pages;
}

}  // namespace

Result<MappedFile> MappedFile::open(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    return fail_errno(errno, "opening {}", path);
  }
  struct stat status{};
  if (::fstat(fd.value(), &status) != 0) {
    return fail_errno(errno, "reading the size of {}", path);
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::kIo, "{} is not a regular file", path);
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) {
    return MappedFile(nullptr, 0, {});
  }
  // Shared: the kernel writes breakpoints into private mappings of a probed file, ours too, and we would read
  // them.
  void* const data = map(fd.value(), size, PROT_READ, MAP_SHARED);
  if (data != MAP_FAILED) {
    Pages pages = owned(data, size);
    ASSIGN_OR_RETURN(FaultGuard guard, FaultGuard::over(pages.get(), size));
    return MappedFile(pages.release(), size, std::move(guard));
  }
  if (errno != ENODEV) {
    return fail_errno(errno, "mapping {}", path);
  }
  ASSIGN_OR_RETURN(Pages copy, read_all(fd.value(), size, path));
  return MappedFile(copy.release(), size, {});
}

Result<> MappedFile::check_whole() const {
  if (!is_whole()) {
    return fail(ErrorCode::kIo, "the file was truncated while it was read");
  }
  return {};
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      guard_(std::move(other.guard_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(guard_, other.guard_);
  return *this;
}

MappedFile::~MappedFile() {
  guard_ = {};  // another mapping can take these addresses as soon as this one is gone
  if (data_ != nullptr) {
    ::munmap(data_, size_);
  }
}

}  // namespace base
