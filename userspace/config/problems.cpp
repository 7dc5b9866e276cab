#include "config/problems.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace config {

base::Error Problems::error(std::string_view file_name) const {
  assert(!empty());
  constexpr std::size_t kMaxLines = 20;
  std::vector<const Problem*> sorted;
  sorted.reserve(problems_.size());
  for (const Problem& problem : problems_) {
    sorted.push_back(&problem);
  }
  // At one place, in the order in which they were found: the order of the addresses.
  std::ranges::sort(sorted, {}, [](const Problem* problem) {
    return std::tuple(problem->position.line, problem->position.column, problem);
  });
  std::string message;
  for (std::size_t i = 0; i < std::min(sorted.size(), kMaxLines); ++i) {
    const Position& position = sorted[i]->position;
    message += fmt::format("{}{}:{}:{}: {}", i == 0 ? "" : "\n", file_name, position.line, position.column,
                           sorted[i]->message);
  }
  if (sorted.size() > kMaxLines) {
    message += fmt::format("\n{}: and {}{} more", file_name, are_enough() ? "at least " : "",
                           sorted.size() - kMaxLines);
  }
  return {base::ErrorCode::kInvalidConfig, std::move(message)};
}

}  // namespace config
