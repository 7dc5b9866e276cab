#include <fmt/core.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "app/commands.hpp"
#include "attach/capabilities.hpp"
#include "attach/held_file.hpp"
#include "attach/kernel_support.hpp"
#include "attach/pin_folder.hpp"

namespace app {
namespace {

void show(const char* feature, bool is_there, const char* instead) {
  fmt::print("{:<18}{:<5}{}\n", feature, is_there ? "yes" : "no", is_there ? "" : instead);
}

bool can_lease() {
  const auto file = attach::HeldFile::open("/proc/self/exe", attach::Lease::kWherePossible);
  return file && file->has_lease();
}

bool can_pin() {
  const std::string path = std::string(kPinPath) + "_features";
  const bool is_there = attach::PinFolder::open(path).has_value();
  std::error_code error;
  std::filesystem::remove(path, error);
  return is_there;
}

}  // namespace

int execute(const FeaturesOptions& /*options*/) {
  const auto kernel = attach::probe_kernel();
  if (!kernel) {
    fmt::print(stderr, "uprobe_exporter: nothing can be attached: {}\n", kernel.error().message);
    return 1;
  }
  for (const attach::KernelFeature& feature : attach::features_of(*kernel)) {
    show(feature.name, feature.is_there, feature.instead);
  }
  show("file leases", can_lease(),
       "breakpoints in one process at a time, so that nobody can write to a probed file (CAP_LEASE)");
  show("BPF file system", can_pin(), "counts begin at 0 with each start: mount -t bpf bpf /sys/fs/bpf");
  if (const std::string weakened = attach::weakened_by_capabilities(); !weakened.empty()) {
    fmt::print("{}\n", weakened);
  }
  return 0;
}

}  // namespace app
