#include "attach/refused_bpf.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

namespace attach {
namespace {

std::string read(const char* path) {
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) {
    text.pop_back();
  }
  return text;
}

// "Seccomp:\t2" in /proc/PID/status: a filter decides on each system call.
bool has_seccomp_filter(std::string_view status) {
  return status.find("\nSeccomp:\t2") != std::string_view::npos;
}

}  // namespace

Confinement read_confinement() {
  return {.status = read("/proc/self/status"),
          .apparmor = read("/proc/self/attr/apparmor/current"),
          .lockdown = read("/sys/kernel/security/lockdown")};
}

std::string explain_refused_bpf(const Confinement& confinement) {
  if (confinement.lockdown.find("[confidentiality]") != std::string::npos) {
    return "the kernel is locked down (lockdown=confidentiality), which forbids reading memory by bpf(): "
           "boot with "
           "lockdown=integrity or none";
  }
  std::string explanation;
  if (has_seccomp_filter(confinement.status)) {
    explanation =
        "a seccomp filter of this container refuses bpf(): use the profile RuntimeDefault of containerd or "
        "CRI-O, or one that allows bpf and perf_event_open with CAP_BPF and CAP_PERFMON (podman, docker: "
        "--security-opt seccomp=unconfined)";
  }
  if (!confinement.apparmor.empty() && !confinement.apparmor.starts_with("unconfined")) {
    explanation += fmt::format("{}the AppArmor profile \"{}\" may refuse bpf(): use unconfined",
                               explanation.empty() ? "" : "; or ", confinement.apparmor);
  }
  return explanation.empty() ? "the kernel refuses bpf() to this process" : explanation;
}

}  // namespace attach
