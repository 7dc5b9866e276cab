#include "plan/match/brace_alternatives.hpp"

#include <optional>
#include <utility>

namespace plan {
namespace {

constexpr std::size_t kMostAlternatives = 256;

struct Braces {
  std::size_t open = 0;
  std::size_t close = 0;
  std::vector<std::string_view> inside;
};

// The pair that begins at `open`, with what its commas separate.
std::optional<Braces> braces_at(std::string_view pattern, std::size_t open) {
  Braces braces;
  braces.open = open;
  int depth = 0;
  std::size_t begin = open + 1;
  for (std::size_t i = open; i < pattern.size(); ++i) {
    depth += pattern[i] == '{' ? 1 : pattern[i] == '}' ? -1 : 0;
    const bool ends = depth == 0;
    if (ends || (depth == 1 && pattern[i] == ',')) {
      braces.inside.push_back(pattern.substr(begin, i - begin));
      begin = i + 1;
    }
    if (ends) {
      braces.close = i;
      return braces.inside.size() > 1 ? std::optional(braces) : std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<Braces> first_braces(std::string_view pattern) {
  for (std::size_t i = pattern.find('{'); i != std::string_view::npos; i = pattern.find('{', i + 1)) {
    if (std::optional<Braces> found = braces_at(pattern, i)) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> brace_alternatives(std::string_view pattern) {
  std::vector<std::string> open = {std::string(pattern)};  // the next one last
  std::vector<std::string> all;
  while (!open.empty()) {
    const std::string text = std::move(open.back());
    open.pop_back();
    const std::optional<Braces> braces = first_braces(text);
    if (!braces) {
      all.push_back(text);
      continue;
    }
    for (auto one = braces->inside.rbegin(); one != braces->inside.rend(); ++one) {
      open.push_back(text.substr(0, braces->open) + std::string(*one) + text.substr(braces->close + 1));
    }
    if (all.size() + open.size() > kMostAlternatives) {
      return {std::string(pattern)};
    }
  }
  return all;
}

}  // namespace plan
