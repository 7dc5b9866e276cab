#include "base/fault_guard.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace base {

// One guarded mapping. The handler walks the list of them at any moment, so a range is never freed, only used
// again.
struct FaultGuard::Range {
  std::atomic<std::uintptr_t> start = 0;
  std::atomic<std::uintptr_t> end = 0;  // 0: guards nothing
  std::atomic<bool> faulted = false;
  std::atomic<bool> is_taken = true;
  Range* next = nullptr;

  static std::atomic<Range*> first;
  static std::uintptr_t page_size;
  static struct sigaction previous;

  static Range* take();
  static bool replace_page(std::uintptr_t address);
  static void on_fault(int signal, siginfo_t* info, void* context);
  static Result<> install();
};

std::atomic<FaultGuard::Range*> FaultGuard::Range::first = nullptr;
std::uintptr_t FaultGuard::Range::page_size = 0;
struct sigaction FaultGuard::Range::previous{};

FaultGuard::Range* FaultGuard::Range::take() {
  for (Range* range = first.load(); range != nullptr; range = range->next) {
    bool expected = false;
    if (range->is_taken.compare_exchange_strong(expected, true)) {
      return range;
    }
  }
  auto* const range = new Range;
  range->next = first.load();
  while (!first.compare_exchange_weak(range->next, range)) {
  }
  return range;
}

// Called by the handler: nothing but atomics and system calls.
bool FaultGuard::Range::replace_page(std::uintptr_t address) {
  for (Range* range = first.load(); range != nullptr; range = range->next) {
    if (address < range->start.load() || address >= range->end.load()) {
      continue;
    }
    range->faulted.store(true);
    const std::uintptr_t page = address & ~(page_size - 1);
    // Not of the file any more, so it is not looked for there again.
    return ::mmap(reinterpret_cast<void*>(page), page_size, PROT_READ,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  }
  return false;
}

void FaultGuard::Range::on_fault(int signal, siginfo_t* info, void* /*context*/) {
  const int saved = errno;
  const bool is_sent = info->si_code <= 0;  // by kill(2): not by an access
  if (is_sent || !replace_page(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    // An access is done again when this returns, and faults again.
    ::sigaction(signal, &previous, nullptr);
    if (is_sent) {
      ::raise(signal);
    }
  }
  errno = saved;
}

Result<> FaultGuard::Range::install() {
  page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  struct sigaction action{};
  action.sa_sigaction = &on_fault;
  action.sa_flags = SA_SIGINFO;
  ::sigemptyset(&action.sa_mask);
  if (::sigaction(SIGBUS, &action, &previous) != 0) {
    return fail_errno(errno, "handling SIGBUS");
  }
  return {};
}

void FaultGuard::Release::operator()(Range* range) const {
  range->end.store(0);
  range->start.store(0);
  range->is_taken.store(false);
}

Result<FaultGuard> FaultGuard::over(const std::byte* start, std::size_t size) {
  static const Result<> installed = Range::install();
  RETURN_IF_ERROR(installed);
  FaultGuard guard(Range::take());
  guard.range_->faulted.store(false);
  guard.range_->start.store(reinterpret_cast<std::uintptr_t>(start));
  guard.range_->end.store(reinterpret_cast<std::uintptr_t>(start) + size);
  return guard;
}

bool FaultGuard::has_faulted() const {
  return range_ && range_->faulted.load();
}

}  // namespace base
