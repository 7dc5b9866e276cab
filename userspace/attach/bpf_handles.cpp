#include "attach/bpf_handles.hpp"

#include <fcntl.h>

#include <cerrno>

namespace attach {

namespace {

base::Result<base::UniqueFd> keep(int fd, const char* kind, const char* name) {
  base::UniqueFd kept(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!kept) {
    return base::fail_errno(errno, "keeping BPF {} {} (raise the limit of open files: ulimit -n)", kind,
                            name);
  }
  return kept;
}

}  // namespace

base::Result<base::UniqueFd> keep_map(const bpf_map* map) {
  return keep(bpf_map__fd(map), "map", bpf_map__name(map));
}

base::Result<base::UniqueFd> keep_program(const bpf_program* program) {
  return keep(bpf_program__fd(program), "program", bpf_program__name(program));
}

}  // namespace attach
