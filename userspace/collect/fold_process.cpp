#include "collect/fold_process.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <vector>

#include "abi/maps.h"
#include "collect/map_entries.hpp"
#include "collect/read_maps.hpp"

namespace collect {
namespace {

using base::Result;

using KeyBytes = std::vector<std::byte>;

// The same key with FOLDED_PROCESS as its process, which stands at `offset`.
KeyBytes folded_key(KeyBytes key, std::size_t offset) {
  const std::uint32_t folded = FOLDED_PROCESS;
  std::memcpy(key.data() + offset, &folded, sizeof(folded));
  return key;
}

std::uint32_t process_of(const KeyBytes& key, std::size_t offset) {
  std::uint32_t process = 0;
  std::memcpy(&process, key.data() + offset, sizeof(process));
  return process;
}

// Keys of `process`; the process stands at `offset` of each key.
Result<std::vector<KeyBytes>> keys_of(int map, std::size_t key_size, std::size_t value_size,
                                      std::size_t offset, std::uint32_t process) {
  std::vector<KeyBytes> keys;
  RETURN_IF_ERROR(for_each_entry(map, key_size, value_size, [&](Bytes key, Bytes) {
    KeyBytes bytes(key.begin(), key.end());
    if (process_of(bytes, offset) == process) {
      keys.push_back(std::move(bytes));
    }
  }));
  return keys;
}

class SeriesFold {
 public:
  SeriesFold(const attach::ProbeMaps& maps, std::size_t words)
      : maps_(&maps),
        values_(words * static_cast<std::size_t>(libbpf_num_possible_cpus())),
        total_(values_.size()) {}

  Result<> discard(const KeyBytes& key) {
    std::uint32_t slot = 0;
    if (bpf_map_lookup_elem(maps_->series.value(), key.data(), &slot) != 0) {
      return {};
    }
    bpf_map_delete_elem(maps_->series.value(), key.data());
    return free(slot);
  }

  Result<> move(const KeyBytes& key) {
    std::uint32_t slot = 0;
    if (bpf_map_lookup_elem(maps_->series.value(), key.data(), &slot) != 0) {
      return {};
    }
    const KeyBytes target = folded_key(key, offsetof(series_key, process));
    std::uint32_t target_slot = 0;
    if (bpf_map_lookup_elem(maps_->series.value(), target.data(), &target_slot) != 0) {
      return rename(key, target, slot);
    }
    RETURN_IF_ERROR(add(slot, target_slot));
    bpf_map_delete_elem(maps_->series.value(), key.data());
    return free(slot);
  }

 private:
  // The first process of its kind that is gone: the total takes its slot as it is. A full map has no room for
  // two keys.
  Result<> rename(const KeyBytes& key, const KeyBytes& target, std::uint32_t slot) {
    bpf_map_delete_elem(maps_->series.value(), key.data());
    if (const int error = bpf_map_update_elem(maps_->series.value(), target.data(), &slot, BPF_NOEXIST);
        error != 0) {
      return base::fail_errno(-error, "folding a series");
    }
    return {};
  }

  // Nothing else writes to either slot: their processes are gone.
  Result<> add(std::uint32_t from, std::uint32_t to) {
    RETURN_IF_ERROR(read(from, values_));
    RETURN_IF_ERROR(read(to, total_));
    std::ranges::transform(total_, values_, total_.begin(), std::plus<>());
    return write(to, total_);
  }

  Result<> free(std::uint32_t slot) {
    std::ranges::fill(values_, 0);
    RETURN_IF_ERROR(write(slot, values_));
    const std::uint32_t zero = 0;
    std::uint32_t given = 0;
    bpf_map_lookup_elem(maps_->free_slots.value(), &zero, &given);
    const std::uint32_t index = 1 + given % maps_->series_limit;
    ++given;
    // The slot before the count that lets the kernel see it.
    if (bpf_map_update_elem(maps_->free_slots.value(), &index, &slot, BPF_ANY) != 0 ||
        bpf_map_update_elem(maps_->free_slots.value(), &zero, &given, BPF_ANY) != 0) {
      return base::fail_errno(errno, "freeing a series");
    }
    return {};
  }

  Result<> read(std::uint32_t slot, std::vector<std::uint64_t>& values) const {
    if (const int error = bpf_map_lookup_elem(maps_->values.value(), &slot, values.data()); error != 0) {
      return base::fail_errno(-error, "reading the values of a series");
    }
    return {};
  }

  [[nodiscard]] Result<> write(std::uint32_t slot, const std::vector<std::uint64_t>& values) const {
    if (const int error = bpf_map_update_elem(maps_->values.value(), &slot, values.data(), BPF_ANY);
        error != 0) {
      return base::fail_errno(-error, "writing the values of a series");
    }
    return {};
  }

  const attach::ProbeMaps* maps_;  // the caller's
  std::vector<std::uint64_t> values_;
  std::vector<std::uint64_t> total_;
};

Result<> end_series(const attach::AttachedProbe& probe, const plan::PlannedProbe& planned,
                    std::uint32_t process, Result<> (SeriesFold::*end)(const KeyBytes&)) {
  ASSIGN_OR_RETURN(const std::vector<KeyBytes> keys,
                   keys_of(probe.maps.series.value(), sizeof(series_key) + planned.labels_size,
                           sizeof(std::uint32_t), offsetof(series_key, process), process));
  SeriesFold fold(probe.maps, std::max<std::size_t>(planned.slots, 1));
  for (const KeyBytes& key : keys) {
    RETURN_IF_ERROR((fold.*end)(key));
  }
  return {};
}

Result<> fold_unwound(const attach::AttachedBinary& binary, std::uint16_t probe, std::uint32_t process) {
  const int map = binary.maps.unwound.value();
  constexpr std::size_t kOffset = offsetof(unwound_key, series) + offsetof(series_key, process);
  const std::size_t key_size = sizeof(unwound_key) + binary.frame_stride - sizeof(frame);
  ASSIGN_OR_RETURN(const std::vector<KeyBytes> keys,
                   keys_of(map, key_size, sizeof(std::uint64_t), kOffset, process));
  for (const KeyBytes& key : keys) {
    unwound_key head{};
    std::memcpy(&head, key.data(), sizeof(head));
    std::uint64_t count = 0;
    if (head.probe != probe || bpf_map_lookup_elem(map, key.data(), &count) != 0) {
      continue;
    }
    const KeyBytes target = folded_key(key, kOffset);
    std::uint64_t total = 0;
    bpf_map_lookup_elem(map, target.data(), &total);
    total += count;
    bpf_map_delete_elem(map, key.data());
    if (const int error = bpf_map_update_elem(map, target.data(), &total, BPF_ANY); error != 0) {
      return base::fail_errno(-error, "folding calls that panicked");
    }
  }
  return {};
}

Result<> delete_objects(const attach::AttachedBinary& binary, std::uint32_t process,
                        bool with_learnt_labels) {
  ASSIGN_OR_RETURN(const std::vector<RawObject> objects, read_objects(binary));
  for (const RawObject& object : objects) {
    const object_key key{.process = process, .object = object.object, .address = object.address};
    // A label of the process belongs to no address.
    if (object.process == process && (with_learnt_labels || object.address != 0)) {
      bpf_map_delete_elem(binary.maps.objects.value(), &key);
    }
  }
  return {};
}

}  // namespace

base::Result<> forget_calls(const attach::AttachedBinary& binary, std::uint32_t process) {
  ASSIGN_OR_RETURN(const std::vector<RawFrame> frames, read_frames(binary));
  for (const RawFrame& frame : frames) {
    if (frame.process == process) {
      const goroutine_key key{.process = process, .pad = 0, .goroutine = frame.goroutine};
      bpf_map_delete_elem(binary.maps.goroutines.value(), &key);
    }
  }
  return delete_objects(binary, process, false);
}

bool has_learnt_labels(const config::ProbeConfig& config, const plan::PlannedProbe& probe) {
  return std::ranges::any_of(probe.records, [&](const plan::PlannedRecord& record) {
    const auto metric = std::ranges::find(config.metrics, record.metric, &config::Metric::name);
    return metric != config.metrics.end() &&
           std::ranges::any_of(metric->labels, [&](const std::string& label) {
             return label != "service" &&
                    std::ranges::find(probe.labels, label, &plan::LabelField::name) == probe.labels.end();
           });
  });
}

base::Result<> fold_process(const config::ProbeConfig& config, const attach::AttachedBinary& binary,
                            std::uint32_t process, Fold which) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    const plan::PlannedProbe& planned = binary.plan.probes[i];
    if (!binary.probes[i].maps.series ||
        (which == Fold::kWithoutLearntLabels && has_learnt_labels(config, planned))) {
      continue;
    }
    RETURN_IF_ERROR(end_series(binary.probes[i], planned, process, &SeriesFold::move));
    RETURN_IF_ERROR(fold_unwound(binary, binary.probes[i].number, process));
  }
  return which == Fold::kAll ? delete_objects(binary, process, true) : Result<>{};
}

base::Result<> discard_process(const attach::AttachedBinary& binary, std::uint32_t process) {
  for (std::size_t i = 0; i < binary.probes.size(); ++i) {
    if (binary.probes[i].maps.series) {
      RETURN_IF_ERROR(end_series(binary.probes[i], binary.plan.probes[i], process, &SeriesFold::discard));
    }
  }
  return delete_objects(binary, process, true);
}

}  // namespace collect
