#include "attach/process_watch.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
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
  ASSIGN_OR_RETURN(maps.lost_events, keep_map(from.lost_events));
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

// include/uapi/linux/nsfs.h: PID_NS_INIT_INO, the same on every machine.
constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;

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
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self", error).string();
  if (self != std::to_string(::getpid())) {
    return base::fail(base::ErrorCode::kKernel,
                      "/proc shows another pid namespace than the one that this process is in: mount a /proc "
                      "of its own (unshare --mount-proc)");
  }
  struct stat status{};
  if (::stat("/proc/self/ns/pid", &status) != 0) {
    return base::fail_errno(errno, "reading /proc/self/ns/pid");
  }
  return PidNamespace{status.st_ino == kInitialPidNamespace ? 0 : static_cast<std::uint32_t>(status.st_ino)};
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
  skeleton->rodata->pid_namespace = watch.pid_namespace_.inode;
  // Of all types of programs that have the same helpers, libbpf can only try this one.
  skeleton->rodata->reads_names =
      libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_probe_read_kernel_str, nullptr) == 1 ? 1 : 0;
  RETURN_IF_ERROR(use_pinned(*skeleton, pins));
  if (const int error = processes__load(skeleton.get()); error != 0) {
    return base::fail_errno(-error, "loading the process programs: {}", log.tail());
  }
  RETURN_IF_ERROR(pin_all(*skeleton, pins));
  ASSIGN_OR_RETURN(watch.followed_names_, keep_map(skeleton->maps.followed_names));
  RETURN_IF_ERROR(watch.follow_names(std::nullopt));
  for (bpf_program* program :
       std::array{skeleton->progs.on_exec, skeleton->progs.on_fork, skeleton->progs.on_exit}) {
    LinkHandle link(bpf_program__attach(program));
    if (!link) {
      return base::fail_errno(errno, "attaching {}: {}", bpf_program__name(program), log.tail());
    }
    watch.links_.push_back(std::move(link));
  }
  ASSIGN_OR_RETURN(watch.maps_, keep_maps(*skeleton));
  ASSIGN_OR_RETURN(watch.wanted_processes_, keep_map(skeleton->maps.wanted_processes));
  ASSIGN_OR_RETURN(watch.classify_process_, keep_program(skeleton->progs.classify_process));
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
  if (error != 0) {
    return base::fail_errno(error, "numbering {} processes", wanted.size());
  }
  return {};
}

base::Result<> ProcessWatch::follow_names(const std::optional<std::vector<std::string>>& names) const {
  // While the names change, every exec is an event: none is missed.
  const file_name every{};
  const std::uint32_t is_followed = 1;
  const int map = followed_names_.value();
  if (bpf_map_update_elem(map, &every, &is_followed, BPF_ANY) != 0) {
    return base::fail_errno(errno, "following every exec");
  }
  file_name next{};
  for (const file_name* key = nullptr; bpf_map_get_next_key(map, key, &next) == 0;) {
    if (std::string_view(next.text).empty()) {
      key = &every;
    } else {
      bpf_map_delete_elem(map, &next);
    }
  }
  if (!names) {
    return {};
  }
  for (const std::string& name : *names) {
    file_name key{};
    if (name.empty() || name.size() >= sizeof(key.text)) {
      return {};  // longer than what the kernel compares
    }
    std::ranges::copy(name, key.text);
    if (bpf_map_update_elem(map, &key, &is_followed, BPF_ANY) != 0) {
      return base::fail_errno(errno, "following execs of {}", name);
    }
  }
  bpf_map_delete_elem(map, &every);
  return {};
}

void ProcessWatch::classify(const process_record& record, std::uint32_t number,
                            std::uint64_t services) const {
  classified_process known{.tgid = record.tgid, .number = number, .services = services};
  LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = &known, .ctx_size_in = sizeof(known));
  bpf_prog_test_run_opts(classify_process_.value(), &options);
}

std::uint64_t ProcessWatch::lost_events() const {
  const std::uint32_t zero = 0;
  std::uint64_t lost = 0;
  bpf_map_lookup_elem(maps_.lost_events.value(), &zero, &lost);
  return lost;
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
