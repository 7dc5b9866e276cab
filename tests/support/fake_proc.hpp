// A /proc of processes that do not exist.
#pragma once

#include <fmt/format.h>
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"

namespace support {

struct FakeProcess {
  pid_t pid = 0;
  std::string exe = {};  // name of a file that FakeProc makes; processes of one name share its inode
  std::vector<std::string> arguments = {};
  std::vector<std::string> environment = {};  // "NAME=value"
  std::string comm = "service";
  unsigned long start_time_ticks = 1;
};

class FakeProc {
 public:
  [[nodiscard]] std::string root() const { return (dir_.path() / "proc").string(); }

  // Where /proc/PID/exe of a process with that `exe` leads.
  [[nodiscard]] std::string exe_path(const std::string& exe) const {
    return (dir_.path() / "bin" / exe).string();
  }

  void add(const FakeProcess& process) {
    add_kernel_thread(process.pid, process.comm, process.start_time_ticks);
    if (!std::filesystem::exists(exe_path(process.exe))) {
      dir_.write("bin/" + process.exe, "an executable");
    }
    std::filesystem::create_symlink(exe_path(process.exe), dir_.path() / file(process.pid, "exe"));
    set(process.pid, "cmdline", with_nuls(process.arguments));
    set(process.pid, "environ", with_nuls(process.environment));
  }

  // It has no executable and no arguments.
  void add_kernel_thread(pid_t pid, const std::string& comm = "kworker/0:1",
                         unsigned long start_time_ticks = 1) {
    set(pid, "stat",
        fmt::format(
            "{} ({}) S 1 1 1 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 7 0 {} 4096000 25 18446744073709551615\n",
            pid, comm, start_time_ticks));
    set(pid, "cmdline", "");
  }

  void set(pid_t pid, const std::string& name, std::string_view content) {
    dir_.write(file(pid, name), content);
  }

  // It has ended.
  void remove(pid_t pid) { std::filesystem::remove_all(dir_.path() / fmt::format("proc/{}", pid)); }

  void remove(pid_t pid, const std::string& name) { std::filesystem::remove(dir_.path() / file(pid, name)); }

  // A file that is no process's, "stat" for example.
  void set(const std::string& name, std::string_view content) { dir_.write("proc/" + name, content); }

 private:
  static std::string file(pid_t pid, const std::string& name) { return fmt::format("proc/{}/{}", pid, name); }

  static std::string with_nuls(const std::vector<std::string>& strings) {
    std::string bytes;
    for (const std::string& text : strings) {
      bytes += text + '\0';
    }
    return bytes;
  }

  TempDir dir_;
};

}  // namespace support
