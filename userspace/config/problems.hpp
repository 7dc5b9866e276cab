// Everything that is wrong with a config, so that all of it can be told at once.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "config/probe_config.hpp"

namespace config {

class Problems {
 public:
  // The message says what was found, what is allowed, and what may have been meant.
  template <class... Args>
  void add(Position position, fmt::format_string<Args...> format, Args&&... args) {
    problems_.push_back({position, fmt::format(format, std::forward<Args>(args)...)});
  }

  [[nodiscard]] bool empty() const { return problems_.empty(); }

  // There are more than anybody reads: looking for others only costs time.
  [[nodiscard]] bool are_enough() const { return problems_.size() >= 200; }

  // One line per problem, `file:line:column: message`, in the order of the file, the first 20 of them.
  // There must be one.
  [[nodiscard]] base::Error error(std::string_view file_name) const;

 private:
  struct Problem {
    Position position;
    std::string message;
  };

  std::vector<Problem> problems_;
};

}  // namespace config
