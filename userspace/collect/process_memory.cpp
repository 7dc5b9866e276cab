#include "collect/process_memory.hpp"

#include <fmt/format.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <fstream>
#include <string>
#include <vector>

namespace collect {
namespace {

// Each costs a system call; a process that lies about its pointers shall not cost many.
constexpr std::uint64_t kMostFailures = 1024;

// An address of the other process: never dereferenced here.
iovec remote_part(std::uint64_t address, std::size_t size) {
  return {.iov_base = reinterpret_cast<void*>(address),
          .iov_len = size};  // NOLINT(performance-no-int-to-ptr)
}

}  // namespace

bool ProcessMemory::read(std::uint64_t address, std::span<std::byte> to) const {
  const iovec local{.iov_base = to.data(), .iov_len = to.size()};
  const iovec remote = remote_part(address, to.size());
  return ::process_vm_readv(pid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(to.size());
}

std::uint64_t ProcessMemory::read_all(std::span<Part> parts) const {
  std::uint64_t calls = 0;
  std::uint64_t failures = 0;
  while (!parts.empty()) {
    const std::span<Part> batch = parts.first(std::min<std::size_t>(parts.size(), IOV_MAX));
    std::vector<iovec> local;
    std::vector<iovec> remote;
    local.reserve(batch.size());
    remote.reserve(batch.size());
    for (const Part& part : batch) {
      local.push_back({.iov_base = part.to.data(), .iov_len = part.to.size()});
      remote.push_back(remote_part(part.address, part.to.size()));
    }
    const ssize_t read =
        ::process_vm_readv(pid_, local.data(), local.size(), remote.data(), remote.size(), 0);
    ++calls;
    if (read < 0 && errno != EFAULT) {
      return calls;  // the process is gone
    }
    // It stops at the first address that is not mapped: that part is skipped, the next call goes on behind
    // it.
    std::size_t done = 0;
    for (auto left = static_cast<std::size_t>(std::max<ssize_t>(read, 0));
         done < batch.size() && left >= batch[done].to.size(); ++done) {
      left -= batch[done].to.size();
      batch[done].is_read = true;
    }
    const bool failed = done < batch.size();
    parts = parts.subspan(failed ? done + 1 : done);
    failures += failed ? 1 : 0;
    if (failures > kMostFailures) {
      return calls;
    }
  }
  return calls;
}

std::uint64_t ProcessMemory::load_bias(std::uint64_t first_address) const {
  std::string exe(4096, '\0');  // the kernel's bound of a path's length
  const ssize_t length = ::readlink(fmt::format("/proc/{}/exe", pid_).c_str(), exe.data(), exe.size());
  exe.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
  return load_bias(first_address, exe);
}

std::uint64_t ProcessMemory::load_bias(std::uint64_t first_address, const std::string& file) const {
  // The executable's lines come first in practice, not by contract.
  std::ifstream maps(fmt::format("/proc/{}/maps", pid_));
  for (std::string line; !file.empty() && std::getline(maps, line);) {
    if (line.ends_with(file)) {
      return std::stoull(line.substr(0, line.find('-')), nullptr, 16) - first_address;
    }
  }
  return 0;
}

}  // namespace collect
