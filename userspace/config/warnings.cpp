#include "config/warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "config/label_parts.hpp"

namespace config {
namespace {

constexpr std::array<std::string_view, 3> kBeginnings{"^", "\\A", ".*"};
constexpr std::array<std::string_view, 3> kEndings{"$", "\\z", ".*"};

bool ends_with_unescaped(std::string_view pattern, std::string_view ending) {
  if (!pattern.ends_with(ending)) {
    return false;
  }
  pattern.remove_suffix(ending.size());
  const std::size_t last_other = pattern.find_last_not_of('\\');
  const std::size_t backslashes =
      pattern.size() - (last_other == std::string_view::npos ? 0 : last_other + 1);
  return backslashes % 2 == 0;
}

// Whether there are alternatives that are not inside a group behind a leading `^`: `^a|b$` has two, of which
// each says one end only.
bool has_outer_alternatives(std::string_view pattern) {
  int depth = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '(') {
      ++depth;
    } else if (pattern[i] == ')') {
      --depth;
    } else if (pattern[i] == '|' && (depth == 0 || !pattern.starts_with('^'))) {
      return true;
    }
  }
  return false;
}

// Whether the pattern says itself where its match begins and ends.
bool says_its_ends(std::string_view pattern) {
  const auto begins = [](std::string_view text) {
    return std::ranges::any_of(kBeginnings, [text](std::string_view one) { return text.starts_with(one); });
  };
  const auto ends = [](std::string_view text) {
    return std::ranges::any_of(kEndings,
                               [text](std::string_view one) { return ends_with_unescaped(text, one); });
  };
  if (has_outer_alternatives(pattern)) {
    return false;
  }
  std::string_view beginning = pattern;
  for (const std::string_view flags : {"(?s)", "(?i)", "(?is)"}) {
    beginning.remove_prefix(beginning.starts_with(flags) ? flags.size() : 0);
  }
  beginning.remove_prefix(beginning.starts_with("(?:") ? 3 : beginning.starts_with('(') ? 1 : 0);
  std::string_view ending = pattern;
  ending.remove_suffix(!ends(ending) && ends_with_unescaped(ending, ")") ? 1 : 0);
  return begins(beginning) && ends(ending);
}

void add_regex_warnings(const Probe& probe, const Label& label, std::string_view file_name,
                        std::vector<std::string>& lines) {
  for (const Transform& transform : transforms_of(label)) {
    if (transform.kind == Transform::Kind::kRegex && !says_its_ends(transform.argument)) {
      lines.push_back(fmt::format(
          "{0}:{1}:{2}: probe \"{3}\": label \"{4}\": regex '{5}' must match the whole text, as in "
          "Prometheus; in "
          "earlier versions a part was enough. Write '^(?:{5})$' for the whole, or '^.*(?:{5}).*$' for a "
          "part",
          file_name, label.position.line, label.position.column, probe.name, label.name, transform.argument));
    }
  }
}

}  // namespace

std::vector<std::string> warnings(const ProbeConfig& config, std::string_view file_name) {
  std::vector<std::string> lines;
  for (const Probe& probe : config.probes) {
    for (const Label& label : probe.labels) {
      add_regex_warnings(probe, label, file_name, lines);
    }
  }
  return lines;
}

}  // namespace config
