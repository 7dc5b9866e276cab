#include "attach/call_records.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>

#include "abi/probe_spec.h"
#include "attach/bpf_handles.hpp"
#include "attach/libbpf_log.hpp"
#include "calls.skel.h"

namespace attach {
namespace {

using base::fail_errno;
using base::Result;

struct SkeletonDeleter {
  void operator()(calls* skeleton) const { calls__destroy(skeleton); }
};

// end_call uses these maps only.
Result<> use_maps(const calls& skeleton, const BinaryMaps& binary, const SharedMaps& shared) {
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, skeleton.obj) {
    bpf_map__set_autocreate(map, map == skeleton.maps.rodata);
  }
  const std::array used = {std::pair{skeleton.maps.goroutines, &binary.goroutines},
                           std::pair{skeleton.maps.spilled, &binary.spilled},
                           std::pair{skeleton.maps.unwound, &binary.unwound},
                           std::pair{skeleton.maps.losses, &shared.losses}};
  for (const auto& [wanted, existing] : used) {
    bpf_map__set_autocreate(wanted, true);
    if (const int error = bpf_map__reuse_fd(wanted, existing->value()); error != 0) {
      return fail_errno(-error, "sharing BPF map {}", bpf_map__name(wanted));
    }
  }
  return {};
}

// Every value of a hash map that nothing else changes.
Result<> change_all(const base::SharedFd& map, std::size_t key_size, std::size_t value_size,
                    const std::function<void(std::vector<std::byte>&)>& change) {
  std::vector<std::vector<std::byte>> keys;
  std::vector<std::byte> key(key_size);
  int error = bpf_map_get_next_key(map.value(), nullptr, key.data());
  while (error == 0) {
    keys.push_back(key);
    error = bpf_map_get_next_key(map.value(), keys.back().data(), key.data());
  }
  std::vector<std::byte> value(value_size);
  for (const std::vector<std::byte>& at : keys) {
    if (bpf_map_lookup_elem(map.value(), at.data(), value.data()) == 0) {
      change(value);
      if (bpf_map_update_elem(map.value(), at.data(), value.data(), BPF_EXIST) != 0) {
        return fail_errno(errno, "changing records of calls");
      }
    }
  }
  return {};
}

}  // namespace

base::Result<CallRecords> CallRecords::open(const CountedBinary& binary, const SharedMaps& shared) {
  const LibbpfLog log;
  const std::unique_ptr<calls, SkeletonDeleter> skeleton(calls__open());
  if (!skeleton) {
    return fail_errno(errno, "opening the program that ends calls");
  }
  skeleton->rodata->spec.frame_stride = binary.frame_stride;
  RETURN_IF_ERROR(use_maps(*skeleton, binary.maps, shared));
  if (const int error = calls__load(skeleton.get()); error != 0) {
    return fail_errno(-error, "loading the program that ends calls: {}", log.tail());
  }
  CallRecords records(binary);
  ASSIGN_OR_RETURN(records.end_call_, keep_program(skeleton->progs.end_call));
  return records;
}

std::vector<std::byte> CallRecords::frame_of(std::uint32_t process, const LateCall& call) const {
  frame head{};
  head.start_ns = START_UNKNOWN;
  head.depth = call.depth;
  head.probe = call.probe;
  head.key = {.process = process, .function = call.function, .pad = 0};
  std::vector<std::byte> bytes(binary_->frame_stride);
  std::memcpy(bytes.data(), &head, sizeof(head));
  return bytes;
}

// Never over another that is there: the goroutine may have made a record just now, with calls this deep. The
// same may be left of an insertion that failed for that reason.
bool CallRecords::spill(const spilled_key& key, const std::vector<std::byte>& bytes) const {
  const int map = binary_->maps.spilled.value();
  if (bpf_map_update_elem(map, &key, bytes.data(), BPF_NOEXIST) == 0) {
    return true;
  }
  std::vector<std::byte> there(bytes.size());
  return bpf_map_lookup_elem(map, &key, there.data()) == 0 && there == bytes;
}

bool CallRecords::insert(std::uint32_t process, std::uint64_t goroutine_id,
                         std::span<const LateCall> calls) const {
  const std::size_t stride = binary_->frame_stride;
  const auto count = static_cast<__u32>(calls.size());
  const goroutine head{.count = count, .highest = count > ABI_FRAMES ? count : 0};
  std::vector<std::byte> record(sizeof(head) + ABI_FRAMES * stride);
  std::memcpy(record.data(), &head, sizeof(head));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::vector<std::byte> bytes = frame_of(process, calls[i]);
    if (i < ABI_FRAMES) {
      std::ranges::copy(bytes, record.begin() + static_cast<std::ptrdiff_t>(sizeof(head) + i * stride));
      continue;
    }
    const spilled_key key{.process = process, .index = static_cast<__u32>(i), .goroutine = goroutine_id};
    if (!spill(key, bytes)) {
      return false;
    }
  }
  const goroutine_key key{.process = process, .pad = 0, .goroutine = goroutine_id};
  return bpf_map_update_elem(binary_->maps.goroutines.value(), &key, record.data(), BPF_NOEXIST) == 0;
}

bool CallRecords::end(const ended_call& call) const {
  ended_call argument = call;
  LIBBPF_OPTS(bpf_test_run_opts, options);
  options.ctx_in = &argument;
  options.ctx_size_in = sizeof(argument);
  return bpf_prog_test_run_opts(end_call_.value(), &options) == 0 && options.retval == 1;
}

void CallRecords::forget(std::uint32_t process, std::uint64_t goroutine_id) const {
  const goroutine_key key{.process = process, .pad = 0, .goroutine = goroutine_id};
  std::vector<std::byte> record(sizeof(goroutine) + ABI_FRAMES * std::size_t{binary_->frame_stride});
  goroutine head{};
  if (bpf_map_lookup_elem(binary_->maps.goroutines.value(), &key, record.data()) == 0) {
    std::memcpy(&head, record.data(), sizeof(head));
  }
  bpf_map_delete_elem(binary_->maps.goroutines.value(), &key);
  for (__u32 i = ABI_FRAMES; i < head.highest; ++i) {
    const spilled_key at{.process = process, .index = i, .goroutine = goroutine_id};
    bpf_map_delete_elem(binary_->maps.spilled.value(), &at);
  }
}

base::Result<> forget_starts(const CountedBinary& binary) {
  const std::size_t stride = binary.frame_stride;
  const auto forget = [](std::byte* at) {
    frame head{};
    std::memcpy(&head, at, sizeof(head));
    head.start_ns = head.start_ns == START_ENDED ? START_ENDED : START_UNKNOWN;
    head.counts_unwound = 0;
    std::memcpy(at, &head, sizeof(head));
  };
  RETURN_IF_ERROR(change_all(binary.maps.goroutines, sizeof(goroutine_key),
                             sizeof(goroutine) + ABI_FRAMES * stride, [&](std::vector<std::byte>& record) {
                               for (std::size_t i = 0; i < ABI_FRAMES; ++i) {
                                 forget(record.data() + sizeof(goroutine) + i * stride);
                               }
                             }));
  return change_all(binary.maps.spilled, sizeof(spilled_key), stride,
                    [&](std::vector<std::byte>& spilled) { forget(spilled.data()); });
}

}  // namespace attach
