#include "collect/read_maps.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <mutex>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "abi/maps.h"
#include "collect/map_entries.hpp"

namespace collect {
namespace {

using base::Result;

template <class T>
T read_struct(Bytes bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

std::vector<std::byte> copy_of(Bytes bytes) {
  return {bytes.begin(), bytes.end()};
}

std::size_t values_bytes(const attach::CountedBinary& binary) {
  return binary.frame_stride - sizeof(frame);
}

// A probe that was never loaded has no maps.
bool exists(const base::SharedFd& map) {
  return static_cast<bool>(map);
}

Result<std::uint32_t> used_slots(const attach::AttachedProbe& probe) {
  const std::uint32_t zero = 0;
  series_cursor cursor{};
  if (const int error = bpf_map_lookup_elem(probe.maps.cursor.value(), &zero, &cursor); error != 0) {
    return base::fail_errno(-error, "reading the number of series of a probe");
  }
  return cursor.next;
}

// Whether a record of the probe needs what each CPU has, not only the sum.
bool needs_parts(const plan::PlannedProbe& planned) {
  return std::ranges::any_of(planned.records, [](const plan::PlannedRecord& record) {
    return record.kind == config::RecordKind::kSet;
  });
}

// The series of a probe, by slot.
class SeriesBySlot {
 public:
  explicit SeriesBySlot(const plan::PlannedProbe& planned)
      : words_(planned.slots), labels_size_(planned.labels_size), keeps_parts_(needs_parts(planned)) {
    at(0).overflow = true;
  }

  Result<> read_keys(const base::SharedFd& map) {
    return for_each_entry(map.value(), sizeof(series_key) + labels_size_, sizeof(std::uint32_t),
                          [&](Bytes key, Bytes value) {
                            const auto head = read_struct<series_key>(key);
                            RawSeries& series = at(read_struct<std::uint32_t>(value));
                            series.process = head.process;
                            series.function = head.function;
                            series.values = copy_of(key.subspan(sizeof(series_key)));
                          });
  }

  // Adds what the first `used` elements of a map hold, `width` words each, of the series whose slots begin
  // with `first`.
  Result<> add_elements(const base::SharedFd& map, std::uint32_t first, std::uint32_t used,
                        std::size_t width) {
    return for_each_element(map.value(), used, width,
                            [&](std::uint32_t element, std::span<const std::uint64_t> values) {
                              const std::size_t slot = std::size_t{first} + element;
                              if (slot < series_.size() && series_[slot]) {
                                add(*series_[slot], values);
                              }
                            });
  }

  // Those in which something was counted, in the order of their slots.
  std::vector<RawSeries> take_counted() {
    std::vector<RawSeries> counted;
    for (std::optional<RawSeries>& series : series_) {
      if (series && std::ranges::any_of(series->slots, [](std::uint64_t value) { return value != 0; })) {
        counted.push_back(*std::move(series));
      }
      series.reset();
    }
    return counted;
  }

 private:
  RawSeries& at(std::uint32_t slot) {
    if (slot >= series_.size()) {
      series_.resize(std::size_t{slot} + 1);
    }
    return series_[slot] ? *series_[slot] : series_[slot].emplace();
  }

  void add(RawSeries& series, std::span<const std::uint64_t> values) const {
    series.slots.resize(words_);
    if (keeps_parts_) {
      series.parts.insert(series.parts.end(), values.begin(), values.end());
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      series.slots[i % words_] += values[i];
    }
  }

  std::size_t words_;
  std::size_t labels_size_;
  bool keeps_parts_;
  std::vector<std::optional<RawSeries>> series_;
};

void append_frame(std::vector<RawFrame>& frames, const goroutine_key& key, std::uint32_t index, Bytes bytes) {
  const auto head = read_struct<frame>(bytes);
  if (head.probe != FRAME_DEAD && head.start_ns != START_ENDED) {
    frames.push_back({.probe = head.probe,
                      .process = key.process,
                      .function = head.key.function,
                      .goroutine = key.goroutine,
                      .depth = head.depth,
                      .index = index,
                      .start_ns = head.start_ns,
                      .values = copy_of(bytes.subspan(sizeof(frame)))});
  }
}

// Frames of a record that lie in it; returns how many there are in all.
std::uint32_t append_record(const attach::CountedBinary& binary, const goroutine_key& key, Bytes record,
                            std::vector<RawFrame>& frames) {
  const std::uint32_t count = read_struct<goroutine>(record).count;
  const std::size_t stride = binary.frame_stride;
  for (std::uint32_t i = 0; i < std::min<std::uint32_t>(count, ABI_FRAMES); ++i) {
    append_frame(frames, key, i, record.subspan(sizeof(goroutine) + i * stride, stride));
  }
  return count;
}

void append_spilled(const attach::CountedBinary& binary, const goroutine_key& key, std::uint32_t count,
                    std::vector<RawFrame>& frames) {
  std::vector<std::byte> bytes(binary.frame_stride);
  for (std::uint32_t index = ABI_FRAMES; index < count; ++index) {
    const spilled_key at{.process = key.process, .index = index, .goroutine = key.goroutine};
    if (bpf_map_lookup_elem(binary.maps.spilled.value(), &at, bytes.data()) == 0) {
      append_frame(frames, key, index, bytes);
    }
  }
}

std::size_t record_bytes(const attach::CountedBinary& binary) {
  return sizeof(goroutine) + ABI_FRAMES * std::size_t{binary.frame_stride};
}

Result<std::vector<std::uint64_t>> read_counters(const base::SharedFd& map, std::uint32_t count) {
  std::vector<std::uint64_t> totals(count);
  RETURN_IF_ERROR(for_each_element(map.value(), count, on_all_cpus(1),
                                   [&](std::uint32_t index, std::span<const std::uint64_t> cpus) {
                                     for (const std::uint64_t value : cpus) {
                                       totals[index] += value;
                                     }
                                   }));
  return totals;
}

}  // namespace

ended_call ended_call_of(const RawFrame& frame) {
  ended_call call{};
  call.key = {.process = frame.process, .pad = 0, .goroutine = frame.goroutine};
  call.index = frame.index;
  call.depth = frame.depth;
  call.start_ns = frame.start_ns;
  call.probe = frame.probe;
  return call;
}

base::Result<std::vector<RawSeries>> read_series(const attach::AttachedProbe& probe,
                                                 const plan::PlannedProbe& planned) {
  if (!exists(probe.maps.series) || planned.slots == 0) {
    return std::vector<RawSeries>{};
  }
  const std::scoped_lock turn(*probe.maps.turn);
  // Keys before values: a series that appears in between is seen at the next scrape, whole.
  SeriesBySlot by_slot(planned);
  RETURN_IF_ERROR(by_slot.read_keys(probe.maps.series));
  ASSIGN_OR_RETURN(const std::uint32_t used, used_slots(probe));
  RETURN_IF_ERROR(by_slot.add_elements(probe.maps.values, 0, used, planned.slots));
  const std::uint32_t slab_slots = 1U << attach::slab_shift_of(probe.maps.series_limit);
  std::uint32_t first = 0;
  for (const base::SharedFd& slab : probe.maps.made_slabs) {
    if (first < used) {
      RETURN_IF_ERROR(
          by_slot.add_elements(slab, first, std::min(slab_slots, used - first), on_all_cpus(planned.slots)));
    }
    first += slab_slots;
  }
  return by_slot.take_counted();
}

base::Result<std::vector<RawFrame>> read_frames(const attach::CountedBinary& binary) {
  std::vector<RawFrame> frames;
  if (!exists(binary.maps.goroutines)) {
    return frames;
  }

  struct Deep {
    goroutine_key key;
    std::uint32_t count;
  };

  std::vector<Deep> deep;
  RETURN_IF_ERROR(for_each_entry(binary.maps.goroutines.value(), sizeof(goroutine_key), record_bytes(binary),
                                 [&](Bytes key_bytes, Bytes value) {
                                   const auto key = read_struct<goroutine_key>(key_bytes);
                                   const std::uint32_t count = append_record(binary, key, value, frames);
                                   if (count > ABI_FRAMES) {
                                     deep.push_back({key, count});
                                   }
                                 }));
  for (const Deep& goroutine : deep) {
    append_spilled(binary, goroutine.key, goroutine.count, frames);
  }
  return frames;
}

std::vector<RawFrame> read_frames_of(const attach::CountedBinary& binary, std::uint32_t process,
                                     std::span<const std::uint64_t> goroutines) {
  std::vector<RawFrame> frames;
  std::vector<std::byte> record(record_bytes(binary));
  for (const std::uint64_t goroutine : goroutines) {
    const goroutine_key key{.process = process, .pad = 0, .goroutine = goroutine};
    if (bpf_map_lookup_elem(binary.maps.goroutines.value(), &key, record.data()) == 0) {
      append_spilled(binary, key, append_record(binary, key, record, frames), frames);
    }
  }
  return frames;
}

base::Result<std::vector<RawObject>> read_objects(const attach::CountedBinary& binary) {
  std::vector<RawObject> found;
  if (!exists(binary.maps.objects)) {
    return found;
  }
  RETURN_IF_ERROR(for_each_entry(
      binary.maps.objects.value(), sizeof(object_key), values_bytes(binary),
      [&](Bytes key_bytes, Bytes value) {
        const auto key = read_struct<object_key>(key_bytes);
        found.push_back(
            {.process = key.process, .object = key.object, .address = key.address, .values = copy_of(value)});
      }));
  return found;
}

base::Result<std::vector<RawUnwound>> read_unwound(const attach::CountedBinary& binary) {
  std::vector<RawUnwound> found;
  if (!exists(binary.maps.unwound)) {
    return found;
  }
  const std::scoped_lock turn(*binary.maps.turn);
  RETURN_IF_ERROR(for_each_entry(binary.maps.unwound.value(), sizeof(unwound_key) + values_bytes(binary),
                                 sizeof(std::uint64_t), [&](Bytes key_bytes, Bytes value) {
                                   const auto key = read_struct<unwound_key>(key_bytes);
                                   found.push_back(
                                       {.probe = key.probe,
                                        .process = key.series.process,
                                        .function = key.series.function,
                                        .count = read_struct<std::uint64_t>(value),
                                        .values = copy_of(key_bytes.subspan(sizeof(unwound_key)))});
                                 }));
  return found;
}

base::Result<std::vector<std::uint64_t>> read_hits(const attach::SharedMaps& maps) {
  return read_counters(maps.hits, ABI_PROBES * 2);
}

base::Result<std::vector<std::uint64_t>> read_losses(const attach::SharedMaps& maps) {
  return read_counters(maps.losses, std::uint32_t{ABI_PROBES} * LOSS_REASONS);
}

}  // namespace collect
