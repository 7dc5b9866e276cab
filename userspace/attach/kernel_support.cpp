#include "attach/kernel_support.hpp"

#include <asm/ptrace.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <span>
#include <utility>

#include "attach/capabilities.hpp"
#include "attach/refused_bpf.hpp"
#include "attach/uprobe_multi.hpp"
#include "base/unique_fd.hpp"

namespace attach {
namespace {

// `return 0`.
constexpr std::array<bpf_insn, 2> kEmptyProgram{
    bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    bpf_insn{.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0}};

// `context->ax = 0; return 0`.
constexpr std::array<bpf_insn, 3> kWritingProgram{bpf_insn{.code = BPF_ST | BPF_MEM | BPF_DW,
                                                           .dst_reg = 1,
                                                           .src_reg = 0,
                                                           .off = offsetof(pt_regs, rax),
                                                           .imm = 0},
                                                  kEmptyProgram[0], kEmptyProgram[1]};

base::UniqueFd load(std::span<const bpf_insn> program, bpf_attach_type attach_type, __u32 flags) {
  LIBBPF_OPTS(bpf_prog_load_opts, options);
  options.expected_attach_type = attach_type;
  options.prog_flags = flags;
  return base::UniqueFd(
      bpf_prog_load(BPF_PROG_TYPE_KPROBE, "probe_kernel", "GPL", program.data(), program.size(), &options));
}

base::UniqueFd load_empty(bpf_attach_type attach_type, __u32 flags) {
  return load(kEmptyProgram, attach_type, flags);
}

// Whether this is Linux 6.19 or newer.
bool is_version_with_register_writes() {
  utsname name{};
  unsigned major = 0;
  unsigned minor = 0;
  return ::uname(&name) == 0 && std::sscanf(std::data(name.release), "%u.%u", &major, &minor) == 2 &&
         std::pair(major, minor) >= std::pair(6U, 19U);
}

// A kernel with multi links refuses the directory "/" as "not a regular file" (EBADF); an older one does not
// know the link type (EINVAL).
bool has_uprobe_multi() {
  const base::UniqueFd program = load_empty(kTraceUprobeMulti, 0);
  if (!program) {
    return false;
  }
  const unsigned long offset = 0;
  LIBBPF_OPTS(bpf_link_create_opts, options);
  options.uprobe_multi.path = "/";
  options.uprobe_multi.offsets = &offset;
  options.uprobe_multi.cnt = 1;
  const base::UniqueFd link(bpf_link_create(program.value(), -1, kTraceUprobeMulti, &options));
  return !link && errno == EBADF;
}

}  // namespace

bool can_write_registers() {
  if (load(kWritingProgram, BPF_CGROUP_INET_INGRESS, 0)) {
    return true;
  }
  return errno == EPERM && is_version_with_register_writes();
}

base::Result<KernelSupport> probe_kernel() {
  RETURN_IF_ERROR(check_capabilities());
  if (::access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    return base::fail(
        base::ErrorCode::kKernel,
        "/sys/kernel/btf/vmlinux cannot be read: the kernel needs CONFIG_DEBUG_INFO_BTF (5.15 or newer)");
  }
  libbpf_set_print(nullptr);
  if (!load_empty(BPF_CGROUP_INET_INGRESS, 0)) {
    const int error = errno;
    if (error == EPERM || error == EACCES) {
      return base::fail(base::ErrorCode::kPermission, "loading an empty uprobe program: {}",
                        explain_refused_bpf(read_confinement()));
    }
    return base::fail_errno(error, "loading an empty uprobe program");
  }
  KernelSupport support;
  support.uprobe_multi = has_uprobe_multi();
  if (!support.uprobe_multi && !has_capability(CAP_SYS_ADMIN)) {
    return base::fail(
        base::ErrorCode::kPermission,
        "missing CAP_SYS_ADMIN: this kernel (before 6.6) attaches uprobes by perf events, which need it");
  }
  support.sleepable = static_cast<bool>(load_empty(BPF_CGROUP_INET_INGRESS, BPF_F_SLEEPABLE));
  support.loop_helper = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_loop, nullptr) == 1;
  support.register_writes = can_write_registers();
  return support;
}

std::array<KernelFeature, 4> features_of(const KernelSupport& kernel) {
  return {{{"uprobe_multi", kernel.uprobe_multi,
            "a perf event for each place: attaching takes longer and needs CAP_SYS_ADMIN (Linux 6.6 has it)"},
           {"sleepable probes", kernel.sleepable,
            "values on pages that are not in memory are lost and counted as read_failed (Linux 6.0 has it)"},
           {"bpf_loop", kernel.loop_helper, "shorter searches among nested calls (Linux 5.17 has it)"},
           {"register writes", kernel.register_writes,
            "the kernel single-steps each probed return, which costs several times as much (Linux 6.19 has "
            "it)"}}};
}

}  // namespace attach
