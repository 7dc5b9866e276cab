#include "plan/match/nearest_functions.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <tuple>

#include "base/nearest_name.hpp"
#include "plan/language/go/function_name.hpp"

namespace plan {
namespace {

constexpr std::size_t kMostNames = 3;

// One bit per letter that occurs: two texts that share few letters are far apart, without comparing them.
std::uint64_t letters_of(std::string_view text) {
  std::uint64_t letters = 0;
  for (const char c : text) {
    letters |= std::uint64_t{1} << (static_cast<unsigned char>(c) % 64);
  }
  return letters;
}

std::size_t difference(std::size_t a, std::size_t b) {
  return std::max(a, b) - std::min(a, b);
}

struct Candidate {
  std::size_t distance = 0;
  std::size_t path_distance = 0;
  const std::string* name = nullptr;

  bool operator<(const Candidate& other) const {
    return std::tie(distance, path_distance, *name) <
           std::tie(other.distance, other.path_distance, *other.name);
  }
};

// How much of the beginning two names do not share.
std::size_t unshared_beginning(std::string_view left, std::string_view right) {
  const auto shared = std::ranges::mismatch(left, right).in1 - left.begin();
  return std::max(left.size(), right.size()) - static_cast<std::size_t>(shared);
}

// What two names begin and end with alike costs no edits: only what lies between is compared.
std::size_t distance_between(std::string_view left, std::string_view right) {
  const auto begin = std::ranges::mismatch(left, right).in1 - left.begin();
  left.remove_prefix(static_cast<std::size_t>(begin));
  right.remove_prefix(static_cast<std::size_t>(begin));
  while (!left.empty() && !right.empty() && left.back() == right.back()) {
    left.remove_suffix(1);
    right.remove_suffix(1);
  }
  return base::edit_distance(left, right);
}

}  // namespace

std::vector<std::string> nearest_functions(const inspect::BinaryFacts& facts, std::string_view name) {
  const std::string_view wanted = short_function_name(name);
  const std::size_t allowed = std::max<std::size_t>(2, wanted.size() / 3);
  const std::uint64_t letters = letters_of(wanted);
  std::vector<Candidate> candidates;
  for (const inspect::Function& function : facts.functions) {
    const std::string_view short_name = short_function_name(function.name);
    if (difference(short_name.size(), wanted.size()) > allowed ||
        static_cast<std::size_t>(std::popcount(letters ^ letters_of(short_name))) > 2 * allowed) {
      continue;
    }
    const std::size_t distance = distance_between(wanted, short_name);
    if (distance <= allowed) {
      candidates.push_back({distance, unshared_beginning(name, function.name), &function.name});
    }
  }
  std::ranges::sort(candidates, std::less<>());
  std::vector<std::string> names;
  for (const Candidate& candidate : candidates) {
    if (names.size() < kMostNames && std::ranges::find(names, *candidate.name) == names.end()) {
      names.push_back(*candidate.name);
    }
  }
  return names;
}

}  // namespace plan
