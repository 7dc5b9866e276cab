// A whole file, mapped read-only.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/error.hpp"

namespace base {

class MappedFile {
 public:
  // Errors name the path. An empty file is an empty span.
  static Result<MappedFile> open(const std::string& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  // Valid for as long as this object lives. A file truncated by someone else afterwards faults on access.
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, std::size_t size) : data_(data), size_(size) {}

  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace base
