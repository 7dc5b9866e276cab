// BATON of stage 2: which running binaries the config's services are, and by which processes.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace discover {

// An executable file as stat(/proc/PID/exe) sees it; of one on overlayfs the file below, see
// attach::RealFiles.
struct BinaryId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  auto operator<=>(const BinaryId&) const = default;
};

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
