#include "collect/process_memory.hpp"

#include <fmt/format.h>
#include <sys/uio.h>

#include <fstream>
#include <unistd.h>
#include <string>

namespace collect {

bool ProcessMemory::read(std::uint64_t address, std::span<std::byte> to) const {
  const iovec local{.iov_base = to.data(), .iov_len = to.size()};
  // An address of the other process: never dereferenced here.
  const iovec remote{.iov_base = reinterpret_cast<void*>(address), .iov_len = to.size()};  // NOLINT(performance-no-int-to-ptr)
  return ::process_vm_readv(pid_, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(to.size());
}

std::uint64_t ProcessMemory::load_bias(std::uint64_t first_address) const {
  // A path's length is bounded by the kernel; the executable's lines come first in practice, not by contract.
  std::ifstream maps(fmt::format("/proc/{}/maps", pid_));
  const std::string exe = [&] {
    std::string path(4096, '\0');
    const ssize_t length = ::readlink(fmt::format("/proc/{}/exe", pid_).c_str(), path.data(), path.size());
    path.resize(length < 0 ? 0 : static_cast<std::size_t>(length));
    return path;
  }();
  for (std::string line; !exe.empty() && std::getline(maps, line);) {
    if (line.ends_with(exe)) {
      return std::stoull(line.substr(0, line.find('-')), nullptr, 16) - first_address;
    }
  }
  return 0;
}

}  // namespace collect
