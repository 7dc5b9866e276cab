#include "collect/journal.hpp"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdint>

namespace collect {

base::Result<> read_journal(int journal, std::span<std::byte> bytes) {
  bpf_map_info info{};
  __u32 size = sizeof(info);
  if (bpf_obj_get_info_by_fd(journal, &info, &size) != 0) {
    return base::fail_errno(errno, "reading a journal");
  }
  if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(std::uint32_t) ||
      info.value_size != bytes.size()) {
    return base::fail(base::ErrorCode::kUnsupported, "the map in the place of a journal is none");
  }
  const std::uint32_t first = 0;
  if (bpf_map_lookup_elem(journal, &first, bytes.data()) != 0) {
    return base::fail_errno(errno, "reading a journal");
  }
  return {};
}

}  // namespace collect
