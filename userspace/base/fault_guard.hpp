// Keeps reads of a mapped file from ending the process. The kernel sends SIGBUS for a page that lies beyond
// the end of a file which became shorter; the handler of this guard puts a page of zeros there and notes it.
#pragma once

#include <cstddef>
#include <memory>

#include "base/error.hpp"

namespace base {

class FaultGuard {
 public:
  // Guards nothing.
  FaultGuard() = default;

  // Guards the mapping of `size` bytes at `start`, which outlives the guard. May be called from any thread.
  // The first call installs the process's SIGBUS handler; a SIGBUS for any other reason has the effect that
  // it had before. Error: the handler cannot be installed.
  static Result<FaultGuard> over(const std::byte* start, std::size_t size);

  // Whether a guarded read was given zeros. May be called from any thread.
  [[nodiscard]] bool has_faulted() const;

 private:
  struct Range;

  struct Release {
    void operator()(Range* range) const;
  };

  explicit FaultGuard(Range* range) : range_(range) {}

  std::unique_ptr<Range, Release> range_;
};

}  // namespace base
