// A file descriptor with several owners, closed when the last of them is gone: a map that the owner of a unit
// and those who read it at a scrape hold at the same time.
#pragma once

#include <memory>
#include <utility>

#include "base/unique_fd.hpp"

namespace base {

class SharedFd {
 public:
  SharedFd() = default;

  SharedFd(UniqueFd fd)  // NOLINT(google-explicit-constructor): giving a descriptor to several owners loses
                         // nothing
      : fd_(fd ? std::make_shared<const UniqueFd>(std::move(fd)) : nullptr) {}

  [[nodiscard]] int value() const { return fd_ ? fd_->value() : -1; }

  [[nodiscard]] explicit operator bool() const { return fd_ != nullptr; }

 private:
  std::shared_ptr<const UniqueFd> fd_;
};

}  // namespace base
