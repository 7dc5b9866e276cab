#include "collect/fold_series.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "abi/maps.h"
#include "collect/journal.hpp"
#include "collect/map_entries.hpp"
#include "collect/process_keys.hpp"

namespace collect {
namespace {

using base::Result;

class SeriesFold {
 public:
  SeriesFold(const attach::ProbeMaps& maps, const plan::PlannedProbe& planned)
      : maps_(&maps),
        key_size_(sizeof(series_key) + planned.labels_size),
        total_(std::max<std::size_t>(planned.slots, 1)),
        per_cpu_(on_all_cpus(total_.size())) {}

  Result<> discard(const KeyBytes& key) {
    std::uint32_t slot = 0;
    if (bpf_map_lookup_elem(maps_->series.value(), key.data(), &slot) != 0) {
      return {};
    }
    bpf_map_delete_elem(maps_->series.value(), key.data());
    RETURN_IF_ERROR(clear(slot));
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
    // Nothing else writes to either slot: their processes are gone. What the target has in its slab stays
    // there.
    RETURN_IF_ERROR(look_up(maps_->values, target_slot, total_));
    RETURN_IF_ERROR(add_to_total(slot));
    RETURN_IF_ERROR(note({.underway = 1, .source = slot, .target = target_slot, .pad = 0}));
    return add({key}, slot, target_slot);
  }

  // Ends what an exporter that was killed had begun.
  Result<> resume() {
    RETURN_IF_ERROR(end_renames());
    std::vector<std::byte> bytes(sizeof(fold_step) + total_.size() * sizeof(total_[0]));
    RETURN_IF_ERROR(read_journal(maps_->fold_journal.value(), bytes));
    fold_step step{};
    std::memcpy(&step, bytes.data(), sizeof(step));
    std::memcpy(total_.data(), bytes.data() + sizeof(step), bytes.size() - sizeof(step));
    if (step.underway == 0) {
      return {};
    }
    if (step.source >= maps_->series_limit || step.target >= maps_->series_limit) {
      return base::fail(base::ErrorCode::kUnsupported, "the journal of a probe names series {} and {} of {}",
                        step.source, step.target, maps_->series_limit);
    }
    const auto keys = keys_with(step.source);
    return keys ? add(*keys, step.source, step.target) : std::unexpected(keys.error());
  }

 private:
  // The first process of its kind that is gone: the total takes its slot as it is.
  Result<> rename(const KeyBytes& key, const KeyBytes& target, std::uint32_t slot) {
    int error = bpf_map_update_elem(maps_->series.value(), target.data(), &slot, BPF_NOEXIST);
    bpf_map_delete_elem(maps_->series.value(), key.data());
    if (error == -E2BIG) {  // a full map has no room for both
      error = bpf_map_update_elem(maps_->series.value(), target.data(), &slot, BPF_NOEXIST);
    }
    return error == 0 ? Result<>{} : base::fail_errno(-error, "folding a series");
  }

  // A slot that has its new name has lost its old one.
  Result<> end_renames() {
    std::map<std::uint32_t, std::vector<KeyBytes>> keys;
    RETURN_IF_ERROR(
        for_each_entry(maps_->series.value(), key_size_, sizeof(std::uint32_t), [&](Bytes key, Bytes value) {
          std::uint32_t slot = 0;
          std::memcpy(&slot, value.data(), sizeof(slot));
          keys[slot].emplace_back(key.begin(), key.end());
        }));
    for (const auto& [slot, names] : keys) {
      for (const KeyBytes& name : names) {
        if (names.size() > 1 && process_of(name, offsetof(series_key, process)) != FOLDED_PROCESS) {
          bpf_map_delete_elem(maps_->series.value(), name.data());
        }
      }
    }
    return {};
  }

  [[nodiscard]] Result<std::vector<KeyBytes>> keys_with(std::uint32_t wanted) const {
    std::vector<KeyBytes> keys;
    RETURN_IF_ERROR(
        for_each_entry(maps_->series.value(), key_size_, sizeof(wanted), [&](Bytes key, Bytes value) {
          if (std::memcmp(value.data(), &wanted, sizeof(wanted)) == 0) {
            keys.emplace_back(key.begin(), key.end());
          }
        }));
    return keys;
  }

  // The step and the sums in total_.
  [[nodiscard]] Result<> note(const fold_step& step) const {
    std::vector<std::byte> bytes(sizeof(step) + total_.size() * sizeof(total_[0]));
    std::memcpy(bytes.data(), &step, sizeof(step));
    std::memcpy(bytes.data() + sizeof(step), total_.data(), bytes.size() - sizeof(step));
    const std::uint32_t first = 0;
    if (bpf_map_update_elem(maps_->fold_journal.value(), &first, bytes.data(), BPF_ANY) != 0) {
      return base::fail_errno(errno, "writing the journal of a probe");
    }
    return {};
  }

  // `keys`: those of the slot. May be done again from its beginning, up to the end of the step.
  Result<> add(const std::vector<KeyBytes>& keys, std::uint32_t slot, std::uint32_t target_slot) {
    RETURN_IF_ERROR(update(maps_->values, target_slot, total_));
    for (const KeyBytes& key : keys) {
      bpf_map_delete_elem(maps_->series.value(), key.data());
    }
    RETURN_IF_ERROR(clear(slot));
    RETURN_IF_ERROR(note({}));
    return free(slot);
  }

  // Lets the kernel use a slot again. Killed before it is done, the slot is used no more.
  Result<> free(std::uint32_t slot) {
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

  // All that a slot has counted.
  Result<> add_to_total(std::uint32_t slot) {
    std::vector<std::uint64_t> shared(total_.size());
    RETURN_IF_ERROR(look_up(maps_->values, slot, shared));
    std::ranges::transform(total_, shared, total_.begin(), std::plus<>());
    if (const auto at = in_slab(slot)) {
      RETURN_IF_ERROR(look_up(*at->slab, at->element, per_cpu_));
      for (std::size_t i = 0; i < per_cpu_.size(); ++i) {
        total_[i % total_.size()] += per_cpu_[i];
      }
    }
    return {};
  }

  Result<> clear(std::uint32_t slot) {
    RETURN_IF_ERROR(update(maps_->values, slot, std::vector<std::uint64_t>(total_.size())));
    if (const auto at = in_slab(slot)) {
      std::ranges::fill(per_cpu_, 0);
      RETURN_IF_ERROR(update(*at->slab, at->element, per_cpu_));
    }
    return {};
  }

  struct SlabElement {
    const base::SharedFd* slab;  // of maps_
    std::uint32_t element;
  };

  [[nodiscard]] std::optional<SlabElement> in_slab(std::uint32_t slot) const {
    const std::uint8_t shift = attach::slab_shift_of(maps_->series_limit);
    const std::uint32_t index = slot >> shift;
    return index < maps_->made_slabs.size()
               ? std::optional(SlabElement{&maps_->made_slabs[index], slot - (index << shift)})
               : std::nullopt;
  }

  static Result<> look_up(const base::SharedFd& map, std::uint32_t index,
                          std::vector<std::uint64_t>& values) {
    if (const int error = bpf_map_lookup_elem(map.value(), &index, values.data()); error != 0) {
      return base::fail_errno(-error, "reading the values of a series");
    }
    return {};
  }

  static Result<> update(const base::SharedFd& map, std::uint32_t index,
                         const std::vector<std::uint64_t>& values) {
    if (const int error = bpf_map_update_elem(map.value(), &index, values.data(), BPF_ANY); error != 0) {
      return base::fail_errno(-error, "writing the values of a series");
    }
    return {};
  }

  const attach::ProbeMaps* maps_;  // the caller's
  std::size_t key_size_;
  std::vector<std::uint64_t> total_;    // of the target in `values`
  std::vector<std::uint64_t> per_cpu_;  // an element of a slab
};

Result<> end_series(const attach::AttachedProbe& probe, const plan::PlannedProbe& planned,
                    std::uint32_t process, Result<> (SeriesFold::*end)(const KeyBytes&)) {
  ASSIGN_OR_RETURN(const std::vector<KeyBytes> keys,
                   keys_of(probe.maps.series.value(), sizeof(series_key) + planned.labels_size,
                           sizeof(std::uint32_t), offsetof(series_key, process), process));
  SeriesFold fold(probe.maps, planned);
  for (const KeyBytes& key : keys) {
    const std::scoped_lock turn(*probe.maps.turn);
    RETURN_IF_ERROR((fold.*end)(key));
  }
  return {};
}

}  // namespace

base::Result<> fold_series(const attach::AttachedProbe& probe, const plan::PlannedProbe& planned,
                           std::uint32_t process) {
  return end_series(probe, planned, process, &SeriesFold::move);
}

base::Result<> discard_series(const attach::AttachedProbe& probe, const plan::PlannedProbe& planned,
                              std::uint32_t process) {
  return end_series(probe, planned, process, &SeriesFold::discard);
}

base::Result<> resume_series(const attach::AttachedProbe& probe, const plan::PlannedProbe& planned) {
  return SeriesFold(probe.maps, planned).resume();
}

}  // namespace collect
