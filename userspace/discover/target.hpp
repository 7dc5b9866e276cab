// BATON of stage 2: which running binaries the config's services are, and by which processes.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace discover {

using FileId = std::pair<std::uint64_t, std::uint64_t>;  // device, inode

// An executable file and what it holds, as stat(/proc/PID/exe) sees it; of one on overlayfs the file below,
// see attach::RealFiles. A file that somebody writes to, or only touches, is another one afterwards.
struct BinaryId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;  // mtime
  std::int64_t changed_ns = 0;   // ctime: nobody can set it

  auto operator<=>(const BinaryId&) const = default;

  // Whatever it holds.
  [[nodiscard]] FileId file() const { return {device, inode}; }

  [[nodiscard]] bool is_same_file(const BinaryId& other) const { return file() == other.file(); }

  // Of two that may be seen through different mounts.
  [[nodiscard]] bool has_same_content(const BinaryId& other) const {
    return size == other.size && modified_ns == other.modified_ns && changed_ns == other.changed_ns;
  }
};

[[nodiscard]] inline BinaryId binary_id_of(const struct stat& status) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified_ns = status.st_mtim.tv_sec * kSecond + status.st_mtim.tv_nsec,
          .changed_ns = status.st_ctim.tv_sec * kSecond + status.st_ctim.tv_nsec};
}

struct Process {
  pid_t pid = 0;
  std::uint64_t start_time_ticks = 0;  // field 22 of /proc/PID/stat: tells a re-used pid
  std::string exe;                     // readlink /proc/PID/exe, without " (deleted)"
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // empty unless a service matches on it
  BinaryId binary;

  bool operator==(const Process&) const = default;
};

// One binary with the processes of our services that run it.
struct Target {
  struct Member {
    Process process;
    std::vector<std::string> services;  // never empty

    bool operator==(const Member&) const = default;
  };

  BinaryId binary;
  std::string exe;        // for people
  std::string open_path;  // opens the very file, also across mount namespaces: /proc/PID/exe of a member
  std::vector<Member> members;
  std::uint32_t strangers = 0;  // processes that run it and belong to no service

  bool operator==(const Target&) const = default;
};

}  // namespace discover
