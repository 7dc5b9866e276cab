#include "base/nearest_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/letters.hpp"

namespace base {
namespace {

// Longer names are typed by copying; comparing them would only cost time.
constexpr std::size_t kMaxComparedLength = 128;

// Small: good. A name that only begins like the candidate ("histo") is near too.
std::optional<std::size_t> remoteness(std::string_view name, std::string_view candidate) {
  if (name.size() > kMaxComparedLength || candidate.size() > kMaxComparedLength) {
    return std::nullopt;
  }
  const std::size_t distance = edit_distance(name, candidate);
  const std::size_t allowed = std::max<std::size_t>(1, std::max(name.size(), candidate.size()) / 3);
  const bool is_beginning = name.size() >= 3 && (candidate.starts_with(name) || name.starts_with(candidate));
  return distance <= allowed || is_beginning ? std::optional(distance) : std::nullopt;
}

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before_previous(to.size() + 1);
  std::vector<std::size_t> previous(to.size() + 1);
  std::vector<std::size_t> current(to.size() + 1);
  for (std::size_t j = 0; j <= to.size(); ++j) {
    current[j] = j;
  }
  for (std::size_t i = 1; i <= from.size(); ++i) {
    before_previous.swap(previous);
    previous.swap(current);
    current[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const std::size_t replaced = previous[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
      current[j] = std::min({replaced, previous[j] + 1, current[j - 1] + 1});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
        current[j] = std::min(current[j], before_previous[j - 2] + 1);
      }
    }
  }
  return current[to.size()];
}

std::optional<std::string> nearest_name(std::string_view name, std::span<const std::string> candidates) {
  std::optional<std::string> nearest;
  std::size_t best = 0;
  const std::string wanted = lower_case(name);
  for (const std::string& candidate : candidates) {
    const std::optional<std::size_t> distance = remoteness(wanted, lower_case(candidate));
    if (distance && (!nearest || *distance < best)) {
      nearest = candidate;
      best = *distance;
    }
  }
  return nearest;
}

std::string did_you_mean(std::string_view name, std::span<const std::string> candidates) {
  const std::optional<std::string> nearest = nearest_name(name, candidates);
  return nearest ? fmt::format("; did you mean \"{}\"?", *nearest) : "";
}

}  // namespace base
