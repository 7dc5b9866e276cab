#include "attach/process_watch.hpp"

#include <bpf/bpf.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "abi/probe_spec.h"
#include "attach/libbpf_log.hpp"
#include "attach/map_sizes.hpp"
#include "processes.skel.h"

namespace attach {
namespace {

using base::Result;

struct SkeletonDeleter {
  void operator()(processes* skeleton) const { processes__destroy(skeleton); }
};

base::Result<SharedMaps> keep_maps(const processes& skeleton) {
  SharedMaps maps;
  const auto& from = skeleton.maps;
  ASSIGN_OR_RETURN(maps.processes, keep_map(from.processes));
  ASSIGN_OR_RETURN(maps.process_records, keep_map(from.process_records));
  ASSIGN_OR_RETURN(maps.process_services, keep_map(from.process_services));
  ASSIGN_OR_RETURN(maps.process_labels, keep_map(from.process_labels));
  ASSIGN_OR_RETURN(maps.blank_record, keep_map(from.blank_record));
  ASSIGN_OR_RETURN(maps.last_number, keep_map(from.last_number));
  ASSIGN_OR_RETURN(maps.events, keep_map(from.events));
  ASSIGN_OR_RETURN(maps.hits, keep_map(from.hits));
  ASSIGN_OR_RETURN(maps.stranger_hits, keep_map(from.stranger_hits));
  ASSIGN_OR_RETURN(maps.losses, keep_map(from.losses));
  ASSIGN_OR_RETURN(maps.gates, keep_map(from.gates));
  ASSIGN_OR_RETURN(maps.handover_marks, keep_map(from.handover_marks));
  return maps;
}

std::array<bpf_map*, 10> kept_maps(const processes& skeleton) {
  const auto& maps = skeleton.maps;
  return {
      maps.processes, maps.process_records, maps.process_services, maps.process_labels, maps.last_number,
      maps.hits,      maps.stranger_hits,   maps.losses,           maps.gates,          maps.handover_marks};
}

Result<> use_pinned(const processes& skeleton, const PinFolder& pins) {
  for (bpf_map* map : kept_maps(skeleton)) {
    auto pinned = pins.get(bpf_map__name(map));
    if (!pinned) {
      continue;
    }
    bpf_map_info info{};
    __u32 size = sizeof(info);
    if (bpf_obj_get_info_by_fd(pinned->value(), &info, &size) != 0 ||
        info.value_size != bpf_map__value_size(map)) {
      return base::fail(base::ErrorCode::kUnsupported, "map {} in {} is of another version",
                        bpf_map__name(map), pins.path());
    }
    if (const int error = bpf_map__reuse_fd(map, pinned->value()); error != 0) {
      return base::fail_errno(-error, "using map {} of {}", bpf_map__name(map), pins.path());
    }
  }
  return {};
}

Result<> pin_all(const processes& skeleton, const PinFolder& pins) {
  for (const bpf_map* map : kept_maps(skeleton)) {
    ASSIGN_OR_RETURN(const base::UniqueFd kept, keep_map(map));
    RETURN_IF_ERROR(pins.pin(kept.value(), bpf_map__name(map)));
  }
  return {};
}

// Returns 0 or an errno value. The iterator writes nothing; it does its work as it is read.
int run_iterator(int iterator) {
  std::array<char, 64> nothing{};
  while (true) {
    const ssize_t length = ::read(iterator, nothing.data(), nothing.size());
    if (length == 0) {
      return 0;
    }
    if (length < 0 && errno != EAGAIN && errno != EINTR) {
      return errno;
    }
  }
}

int gather_event(void* events, void* data, std::size_t size) {
  if (size >= sizeof(process_event)) {
    static_cast<std::vector<process_event>*>(events)->push_back(*static_cast<const process_event*>(data));
  }
  return 0;
}

// Processes in private maps: the one that is measured.
constexpr std::uint32_t kPrivateProcesses = 4;

}  // namespace

base::Result<SharedMaps> private_shared_maps() {
  const LibbpfLog log;
  const std::unique_ptr<processes, SkeletonDeleter> skeleton(processes__open());
  if (!skeleton) {
    return base::fail_errno(errno, "opening the process programs");
  }
  create_shared_maps_only(*skeleton);
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    bpf_program__set_autoload(program, false);
  }
  for (bpf_map* map : {skeleton->maps.processes, skeleton->maps.process_records}) {
    bpf_map__set_max_entries(map, kPrivateProcesses);
  }
  if (const int error = processes__load(skeleton.get()); error != 0) {
    return base::fail_errno(-error, "creating maps: {}", log.tail());
  }
  return keep_maps(*skeleton);
}

base::Result<PidNamespace> own_pid_namespace() {
  struct stat status{};
  if (::stat("/proc/self/ns/pid", &status) != 0) {
    return base::fail_errno(errno, "reading /proc/self/ns/pid");
  }
  return PidNamespace{status.st_dev, status.st_ino};
}

base::Result<ProcessWatch> ProcessWatch::start(const PinFolder& pins) {
  ProcessWatch watch;
  ASSIGN_OR_RETURN(watch.pid_namespace_, own_pid_namespace());
  const LibbpfLog log;
  const std::unique_ptr<processes, SkeletonDeleter> skeleton(processes__open());
  if (!skeleton) {
    return base::fail_errno(errno, "opening the process programs");
  }
  create_shared_maps_only(*skeleton);
  skeleton->rodata->pid_namespace_device = watch.pid_namespace_.device;
  skeleton->rodata->pid_namespace_inode = watch.pid_namespace_.inode;
  RETURN_IF_ERROR(use_pinned(*skeleton, pins));
  if (const int error = processes__load(skeleton.get()); error != 0) {
    return base::fail_errno(-error, "loading the process programs: {}", log.tail());
  }
  RETURN_IF_ERROR(pin_all(*skeleton, pins));
  for (bpf_program* program : std::array{skeleton->progs.on_exec, skeleton->progs.on_exit}) {
    LinkHandle link(bpf_program__attach(program));
    if (!link) {
      return base::fail_errno(errno, "attaching {}: {}", bpf_program__name(program), log.tail());
    }
    watch.links_.push_back(std::move(link));
  }
  ASSIGN_OR_RETURN(watch.maps_, keep_maps(*skeleton));
  ASSIGN_OR_RETURN(watch.wanted_processes_, keep_map(skeleton->maps.wanted_processes));
  watch.number_wanted_.reset(bpf_program__attach_iter(skeleton->progs.number_wanted, nullptr));
  if (!watch.number_wanted_) {
    return base::fail_errno(errno, "preparing to number processes: {}", log.tail());
  }
  watch.gathered_ = std::make_unique<std::vector<process_event>>();
  watch.ring_.reset(
      ring_buffer__new(watch.maps_.events.value(), gather_event, watch.gathered_.get(), nullptr));
  if (!watch.ring_) {
    return base::fail_errno(errno, "opening the ring buffer of process events");
  }
  return watch;
}

base::Result<> ProcessWatch::number_processes(std::span<const pid_t> pids) const {
  // The kernel knows tasks by their pidfds: no doubt about pid namespaces, nor about a pid that is used
  // again.
  std::vector<base::UniqueFd> wanted;
  for (const pid_t pid : pids) {
    base::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    const int key = process.value();
    const wanted_process value{.pid = static_cast<__u32>(pid)};
    if (process && bpf_map_update_elem(wanted_processes_.value(), &key, &value, BPF_ANY) == 0) {
      wanted.push_back(std::move(process));
    }
  }
  if (wanted.empty()) {
    return {};
  }
  const base::UniqueFd iterator(bpf_iter_create(bpf_link__fd(number_wanted_.get())));
  const int error = iterator ? run_iterator(iterator.value()) : errno;
  for (const base::UniqueFd& process : wanted) {
    const int key = process.value();
    bpf_map_delete_elem(wanted_processes_.value(), &key);
  }
  if (error != 0) {
    return base::fail_errno(error, "numbering {} processes", wanted.size());
  }
  return {};
}

int ProcessWatch::event_fd() const {
  return ring_buffer__epoll_fd(ring_.get());
}

base::Result<std::vector<process_event>> ProcessWatch::take_events() {
  if (const int count = ring_buffer__consume(ring_.get()); count < 0) {
    return base::fail_errno(-count, "reading process events");
  }
  return std::exchange(*gathered_, {});
}

}  // namespace attach
