// Bits that stand for services in process.services and probe_spec.services. A service keeps its bit over
// reloads and exporters: the kernel's maps and programs have it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "config/probe_config.hpp"

namespace attach {

class ServiceBits {
 public:
  ServiceBits() = default;

  // Names by bit, as names() gave them.
  explicit ServiceBits(std::vector<std::string> names) : names_(std::move(names)) {}

  // Gives bits to the services of a config that have none; a config has at most ABI_SERVICES.
  void assign(const std::vector<config::Service>& services);

  [[nodiscard]] std::uint64_t of(std::span<const std::string> services) const;

  [[nodiscard]] std::vector<std::string> names_of(std::uint64_t bits) const;

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

}  // namespace attach
