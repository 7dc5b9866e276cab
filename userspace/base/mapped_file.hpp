// A whole file that belongs to somebody else, for reading. Whoever may write to it can truncate it at any
// time; with a plain mapping the next read beyond its end would end this process by SIGBUS. Here such a read
// gives zeros, and check_whole() reports it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/error.hpp"
#include "base/fault_guard.hpp"

namespace base {

class MappedFile {
 public:
  // The file as large as it is now. Never waits: a FIFO, a device and a file whose owner holds a write lease
  // are errors. A file that cannot be mapped (FUSE with direct_io) is read into memory, up to 1 GiB. Errors
  // name the path. An empty file is an empty span.
  static Result<MappedFile> open(const std::string& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  // Valid as long as this object lives. The bytes change when somebody writes to the file, so whoever reads
  // them checks each value at the time of its use.
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_, size_}; }

  // False once a part of the file that was read is gone: its bytes read as zeros, and nothing that was
  // concluded from them is true. To be asked after reading.
  [[nodiscard]] bool is_whole() const { return !guard_.has_faulted(); }

  // The same as an error.
  [[nodiscard]] Result<> check_whole() const;

 private:
  MappedFile(std::byte* data, std::size_t size, FaultGuard guard)
      : data_(data), size_(size), guard_(std::move(guard)) {}

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  FaultGuard guard_;  // none for an empty file and one that was read
};

}  // namespace base
