#include "base/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/unique_fd.hpp"

namespace base {

Result<MappedFile> MappedFile::open(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
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
    return MappedFile(nullptr, 0);
  }
  // Shared: the kernel writes breakpoints into private mappings of a probed file, ours too, and we would read
  // them.
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.value(), 0);
  if (data == MAP_FAILED) {
    return fail_errno(errno, "mapping {}", path);
  }
  return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) {
    // munmap takes a mutable pointer and does not write through it.
    ::munmap(const_cast<std::byte*>(data_), size_);
  }
}

}  // namespace base
