// The file behind a file. Containers of one image each see its programs through an overlayfs of their own,
// with a device number of its own, but the kernel sets breakpoints in the one inode below: what looks like
// two binaries is one, and would be counted twice.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/unique_fd.hpp"
#include "discover/target.hpp"

namespace attach {

class RealFiles {
 public:
  static base::Result<std::unique_ptr<RealFiles>> start();

  RealFiles(const RealFiles&) = delete;
  RealFiles& operator=(const RealFiles&) = delete;
  RealFiles(RealFiles&&) = delete;
  RealFiles& operator=(RealFiles&&) = delete;
  ~RealFiles();

  // The binary below `process`'s, whose file `path` opens; its own where nothing is below or it cannot be
  // told. Remembered while the process runs that image: it holds the mount, so that its device number stays
  // its own. May be called from several threads at once.
  [[nodiscard]] discover::BinaryId below(const discover::Process& process, const std::string& path);

 private:
  struct Skeleton;
  explicit RealFiles(std::unique_ptr<Skeleton> skeleton);

  [[nodiscard]] discover::BinaryId ask_kernel(const std::string& path, const discover::BinaryId& otherwise);

  struct Known {
    discover::BinaryId seen;
    discover::BinaryId below;
  };

  std::unique_ptr<Skeleton> skeleton_;
  std::mutex mutex_;  // guards known_, and the variable that the program reads
  std::map<std::pair<pid_t, std::uint64_t>, Known> known_;  // by pid and start time
};

}  // namespace attach
