#include "units/process_labels.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "abi/maps.h"

namespace units {

ProcessLabels read_process_labels(const attach::SharedMaps& maps, std::uint32_t process) {
  ProcessLabels labels;
  process_label label{};
  for (process_label_key key{.process = process, .index = 0};
       bpf_map_lookup_elem(maps.process_labels.value(), &key, &label) == 0; ++key.index) {
    labels.emplace(std::string(label.id, std::min<std::size_t>(label.id_length, ABI_LABEL_ID)),
                   std::string(label.value, std::min<std::size_t>(label.value_length, ABI_LABEL_VALUE)));
  }
  return labels;
}

base::Result<> keep_process_label(const attach::SharedMaps& maps, std::uint32_t process, std::size_t kept,
                                  const std::string& id, const std::string& value) {
  process_label label{};
  if (id.size() > sizeof(label.id) || value.size() > sizeof(label.value)) {
    return base::fail(base::ErrorCode::kUnsupported, "{} has a name or a value that is too long", id);
  }
  label.id_length = static_cast<__u16>(id.size());
  label.value_length = static_cast<__u16>(value.size());
  std::memcpy(label.id, id.data(), id.size());
  std::memcpy(label.value, value.data(), value.size());
  const process_label_key key{.process = process, .index = static_cast<__u32>(kept)};
  if (bpf_map_update_elem(maps.process_labels.value(), &key, &label, BPF_ANY) != 0) {
    return base::fail_errno(errno, "keeping process label {}", id);
  }
  return {};
}

void forget_process_labels(const attach::SharedMaps& maps, std::uint32_t process) {
  for (process_label_key key{.process = process, .index = 0};
       bpf_map_delete_elem(maps.process_labels.value(), &key) == 0; ++key.index) {
  }
}

}  // namespace units
