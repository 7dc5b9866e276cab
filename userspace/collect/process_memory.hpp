// Reads another process's memory, without stopping it: live objects of polled gauges, stacks of goroutines.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace collect {

class ProcessMemory {
 public:
  explicit ProcessMemory(pid_t pid) : pid_(pid) {}

  // False where not all bytes could be read: the process is gone, or the address is not mapped.
  [[nodiscard]] bool read(std::uint64_t address, std::span<std::byte> to) const;

  struct Part {
    std::uint64_t address = 0;
    std::span<std::byte> to;
    bool is_read = false;  // all of it
  };

  // Reads many parts with few system calls, whose number it returns.
  [[nodiscard]] std::uint64_t read_all(std::span<Part> parts) const;

  // Where the executable's first segment lies, less its address in the file; 0 where that cannot be told.
  [[nodiscard]] std::uint64_t load_bias(std::uint64_t first_address) const;

  // The same for any file that is mapped, by its path as the process sees it.
  [[nodiscard]] std::uint64_t load_bias(std::uint64_t first_address, const std::string& file) const;

 private:
  pid_t pid_;
};

}  // namespace collect
