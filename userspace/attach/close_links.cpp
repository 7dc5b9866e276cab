#include "attach/close_links.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <system_error>
#include <thread>
#include <utility>

namespace attach {
namespace {

// They sleep in the kernel nearly all the time.
constexpr std::size_t kMostThreads = 256;

std::vector<base::UniqueFd> descriptors_of(std::vector<Links> links) {
  std::vector<base::UniqueFd> descriptors;
  for (Links& of_binary : links) {
    for (auto& [process, of_process] : of_binary) {
      std::ranges::transform(of_process, std::back_inserter(descriptors),
                             [](ProbeLink& link) { return std::move(link.fd); });
    }
  }
  return descriptors;
}

}  // namespace

void close_links(std::vector<Links> links) {
  std::vector<base::UniqueFd> descriptors = descriptors_of(std::move(links));
  std::atomic<std::size_t> next = 0;
  const auto close_some = [&] {
    for (std::size_t i = next++; i < descriptors.size(); i = next++) {
      descriptors[i] = {};
    }
  };
  std::vector<std::jthread> threads;
  try {
    while (threads.size() + 1 < std::min(descriptors.size(), kMostThreads)) {
      threads.emplace_back(close_some);
    }
  } catch (const std::system_error&) {
    // As many as there may be: this one works, too.
  }
  close_some();
}

}  // namespace attach
