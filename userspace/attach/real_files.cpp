#include "attach/real_files.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "abi/lower_file.h"
#include "real_file.skel.h"

namespace attach {
namespace {

constexpr std::size_t kMaxKnown = 10'000;

// One page of a file in our own memory, so that the kernel has something to look at.
class MappedPage {
 public:
  explicit MappedPage(int fd)
      : address_(::mmap(nullptr, static_cast<std::size_t>(::getpagesize()), PROT_READ, MAP_SHARED, fd, 0)) {}

  MappedPage(const MappedPage&) = delete;
  MappedPage& operator=(const MappedPage&) = delete;
  MappedPage(MappedPage&&) = delete;
  MappedPage& operator=(MappedPage&&) = delete;

  ~MappedPage() {
    if (*this) {
      ::munmap(address_, static_cast<std::size_t>(::getpagesize()));
    }
  }

  [[nodiscard]] explicit operator bool() const { return address_ != MAP_FAILED; }

  [[nodiscard]] std::uint64_t address() const { return reinterpret_cast<std::uintptr_t>(address_); }

 private:
  void* address_;
};

bool is_on_overlay(int fd) {
  struct statfs status{};
  return ::fstatfs(fd, &status) == 0 && status.f_type == OVERLAYFS_SUPER_MAGIC;
}

}  // namespace

struct RealFiles::Skeleton {
  Skeleton() = default;
  Skeleton(const Skeleton&) = delete;
  Skeleton& operator=(const Skeleton&) = delete;
  Skeleton(Skeleton&&) = delete;
  Skeleton& operator=(Skeleton&&) = delete;

  ~Skeleton() { real_file__destroy(object); }

  // An iterator over our own mappings; kernels before 6.1 go through those of all processes.
  [[nodiscard]] base::UniqueFd iterator() const {
    LIBBPF_OPTS(bpf_iter_attach_opts, options);
    bpf_iter_link_info info{};
    info.task.tid = static_cast<__u32>(::gettid());
    options.link_info = &info;
    options.link_info_len = sizeof(info);
    bpf_link* link = bpf_program__attach_iter(object->progs.find_real_file, &options);
    if (link == nullptr) {
      link = bpf_program__attach_iter(object->progs.find_real_file, nullptr);
    }
    const std::unique_ptr<bpf_link, decltype(&bpf_link__destroy)> owner(link, &bpf_link__destroy);
    return base::UniqueFd(link == nullptr ? -1 : bpf_iter_create(bpf_link__fd(link)));
  }

  ::real_file* object = nullptr;
};

RealFiles::RealFiles(std::unique_ptr<Skeleton> skeleton) : skeleton_(std::move(skeleton)) {}

RealFiles::~RealFiles() = default;

base::Result<std::unique_ptr<RealFiles>> RealFiles::start() {
  auto skeleton = std::make_unique<Skeleton>();
  skeleton->object = real_file__open_and_load();
  if (skeleton->object == nullptr) {
    return base::fail_errno(errno, "loading the program that looks below overlayfs");
  }
  return std::unique_ptr<RealFiles>(new RealFiles(std::move(skeleton)));
}

discover::BinaryId RealFiles::below(const discover::Process& process, const std::string& path) {
  const std::scoped_lock lock(mutex_);
  const std::pair key(process.pid, process.start_time_ticks);
  if (const auto known = known_.find(key); known != known_.end() && known->second.seen == process.binary) {
    return known->second.below;
  }
  if (known_.size() >= kMaxKnown) {
    known_.clear();  // most of them have ended
  }
  const discover::BinaryId below = ask_kernel(path, process.binary);
  known_[key] = {.seen = process.binary, .below = below};
  return below;
}

discover::BinaryId RealFiles::ask_kernel(const std::string& path, const discover::BinaryId& otherwise) {
  const base::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file || !is_on_overlay(file.value())) {
    return otherwise;
  }
  const MappedPage page(file.value());
  if (!page) {
    return otherwise;
  }
  skeleton_->object->bss->mapped_at = page.address();
  const base::UniqueFd iterator = skeleton_->iterator();
  lower_file found{};
  if (!iterator || ::read(iterator.value(), &found, sizeof(found)) != sizeof(found)) {
    return otherwise;
  }
  constexpr unsigned kMinorBits = 20;
  discover::BinaryId below = otherwise;  // overlayfs shows the size and times of the file below
  below.device = ::makedev(static_cast<unsigned>(found.device >> kMinorBits),
                           static_cast<unsigned>(found.device & ((1U << kMinorBits) - 1)));
  below.inode = found.inode;
  return below;
}

}  // namespace attach
