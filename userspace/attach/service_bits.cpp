#include "attach/service_bits.hpp"

#include <algorithm>

#include "abi/limits.h"

namespace attach {

void ServiceBits::assign(const std::vector<config::Service>& services) {
  const auto is_configured = [&](const std::string& name) {
    return std::ranges::find(services, name, &config::Service::name) != services.end();
  };
  for (const config::Service& service : services) {
    if (std::ranges::find(names_, service.name) != names_.end()) {
      continue;
    }
    if (names_.size() < ABI_SERVICES) {
      names_.push_back(service.name);
    } else {
      *std::ranges::find_if_not(names_, is_configured) = service.name;
    }
  }
}

std::uint64_t ServiceBits::of(std::span<const std::string> services) const {
  std::uint64_t bits = 0;
  for (const std::string& service : services) {
    const auto found = std::ranges::find(names_, service);
    if (found != names_.end()) {
      bits |= std::uint64_t{1} << static_cast<unsigned>(found - names_.begin());
    }
  }
  return bits;
}

std::vector<std::string> ServiceBits::names_of(std::uint64_t bits) const {
  std::vector<std::string> services;
  for (std::size_t bit = 0; bit < names_.size(); ++bit) {
    if ((bits >> bit & 1) != 0) {
      services.push_back(names_[bit]);
    }
  }
  return services;
}

}  // namespace attach
