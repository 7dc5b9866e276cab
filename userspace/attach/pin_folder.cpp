#include "attach/pin_folder.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>

namespace attach {
namespace {

using base::fail_errno;
using base::Result;

// Whether a folder at `path` is, or would be made, in a BPF file system: what exists of the path decides.
bool is_in_bpf_file_system(const std::string& path) {
  std::error_code error;
  std::filesystem::path existing = std::filesystem::absolute(path, error);
  struct statfs found{};
  while (::statfs(existing.c_str(), &found) != 0) {
    if (!existing.has_relative_path()) {
      return false;
    }
    existing = existing.parent_path();
  }
  return static_cast<std::uint64_t>(found.f_type) == BPF_FS_MAGIC;
}

}  // namespace

base::Result<PinFolder> PinFolder::open(std::string path) {
  if (!is_in_bpf_file_system(path)) {
    return base::fail(
        base::ErrorCode::kUnsupported,
        "{} is in no BPF file system: mount -t bpf bpf /sys/fs/bpf; in a container, mount the host's", path);
  }
  std::error_code error;
  if (std::filesystem::create_directories(path, error)) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return fail_errno(error.value(), "making {}", path);
  }
  return PinFolder(std::move(path));
}

std::string PinFolder::at(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

base::Result<PinFolder> PinFolder::folder(std::string_view name) const {
  return is_somewhere() ? open(at(name)) : PinFolder();
}

PinFolder PinFolder::existing(std::string_view name) const {
  return is_somewhere() ? PinFolder(at(name)) : PinFolder();
}

std::vector<std::string> PinFolder::names() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  return names;
}

base::Result<> PinFolder::pin(int map, std::string_view name) const {
  if (!is_somewhere()) {
    return {};
  }
  const std::string fresh = at(fmt::format("{}_new", name));
  std::remove(fresh.c_str());
  if (const int error = bpf_obj_pin(map, fresh.c_str()); error != 0) {
    return fail_errno(-error, "pinning {}", fresh);
  }
  if (std::rename(fresh.c_str(), at(name).c_str()) != 0) {
    return fail_errno(errno, "pinning {}", at(name));
  }
  return {};
}

base::Result<base::UniqueFd> PinFolder::get(std::string_view name) const {
  if (!is_somewhere()) {
    return base::fail(base::ErrorCode::kNotFound, "{} is not pinned", name);
  }
  base::UniqueFd map(bpf_obj_get(at(name).c_str()));
  if (!map) {
    return fail_errno(errno, "opening {}", at(name));
  }
  return map;
}

base::Result<> PinFolder::write(std::string_view name, std::string_view bytes) const {
  if (!is_somewhere()) {
    return {};
  }
  const base::UniqueFd map(bpf_map_create(BPF_MAP_TYPE_ARRAY, "text", sizeof(std::uint32_t),
                                          static_cast<std::uint32_t>(std::max<std::size_t>(bytes.size(), 1)),
                                          1, nullptr));
  const std::uint32_t first = 0;
  if (!map || (!bytes.empty() && bpf_map_update_elem(map.value(), &first, bytes.data(), BPF_ANY) != 0)) {
    return fail_errno(errno, "keeping {} bytes as {}", bytes.size(), at(name));
  }
  return pin(map.value(), name);
}

base::Result<std::string> PinFolder::read(std::string_view name) const {
  ASSIGN_OR_RETURN(const base::UniqueFd map, get(name));
  bpf_map_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(map.value(), &info, &size) != 0) {
    return fail_errno(errno, "reading {}", at(name));
  }
  std::string bytes(info.value_size, '\0');
  const std::uint32_t first = 0;
  if (bpf_map_lookup_elem(map.value(), &first, bytes.data()) != 0) {
    return fail_errno(errno, "reading {}", at(name));
  }
  return bytes;
}

void PinFolder::remove(std::string_view name) const {
  if (is_somewhere()) {
    std::error_code ignored;
    std::filesystem::remove_all(at(name), ignored);
  }
}

}  // namespace attach
