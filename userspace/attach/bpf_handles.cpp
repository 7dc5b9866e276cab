#include "attach/bpf_handles.hpp"

#include <fcntl.h>

#include <cerrno>

namespace attach {

base::Result<base::UniqueFd> keep_map(const bpf_map* map) {
  base::UniqueFd fd(::fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 3));
  if (!fd) {
    return base::fail_errno(errno, "keeping BPF map {} (raise the limit of open files: ulimit -n)", bpf_map__name(map));
  }
  return fd;
}

}  // namespace attach
