#include "base/glob.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

#include "base/letters.hpp"

namespace base {
namespace {

enum class Dialect { kFunctionName, kPath };

// `(*Name`: the star of a Go receiver.
bool is_receiver_star(std::string_view pattern, std::size_t star) {
  return star > 0 && pattern[star - 1] == '(' && star + 1 < pattern.size() && is_letter(pattern[star + 1]);
}

bool is_star(std::string_view pattern, std::size_t index, Dialect dialect) {
  return pattern[index] == '*' && (dialect == Dialect::kPath || !is_receiver_star(pattern, index));
}

struct Alternatives {
  std::vector<std::string_view> choices;
  std::size_t end = 0;  // behind the closing brace
};

// The alternatives of the brace at `open`; nothing if it is an ordinary character.
std::optional<Alternatives> alternatives_at(std::string_view pattern, std::size_t open) {
  Alternatives result;
  std::size_t start = open + 1;
  int depth = 1;
  for (std::size_t i = start; i < pattern.size(); ++i) {
    if (pattern[i] == '{') {
      ++depth;
    } else if (pattern[i] == '}' && --depth == 0) {
      result.choices.push_back(pattern.substr(start, i - start));
      result.end = i + 1;
      return result.choices.size() > 1 ? std::optional(std::move(result)) : std::nullopt;
    } else if (pattern[i] == ',' && depth == 1) {
      result.choices.push_back(pattern.substr(start, i - start));
      start = i + 1;
    }
  }
  return std::nullopt;
}

// Follows every way to match at once: reached[i] says that the pattern so far can end before byte i of the
// text. The time is pattern x text, whatever the pattern.
class Matcher {
 public:
  Matcher(std::string_view text, Dialect dialect) : text_(text), dialect_(dialect) {}

  [[nodiscard]] bool matches(std::string_view pattern) const {
    std::vector<bool> reached(text_.size() + 1, false);
    reached[0] = true;
    return follow(pattern, std::move(reached), 0)[text_.size()];
  }

 private:
  static constexpr int kMaxBraces = 32;  // nested deeper, a brace is itself

  [[nodiscard]] std::vector<bool> follow(std::string_view pattern, std::vector<bool> reached,
                                         int depth) const {
    for (std::size_t i = 0; i < pattern.size();) {
      if (is_star(pattern, i, dialect_)) {
        const bool is_double = i + 1 < pattern.size() && pattern[i + 1] == '*';
        extend(reached, is_double || dialect_ == Dialect::kPath);
        i += is_double ? 2 : 1;
        continue;
      }
      if (pattern[i] == '{' && depth < kMaxBraces) {
        if (const std::optional<Alternatives> alternatives = alternatives_at(pattern, i)) {
          reached = follow_any(*alternatives, reached, depth + 1);
          i = alternatives->end;
          continue;
        }
      }
      step(reached, pattern[i]);
      ++i;
    }
    return reached;
  }

  [[nodiscard]] std::vector<bool> follow_any(const Alternatives& alternatives,
                                             const std::vector<bool>& reached, int depth) const {
    std::vector<bool> result(reached.size(), false);
    for (const std::string_view choice : alternatives.choices) {
      const std::vector<bool> one = follow(choice, reached, depth);
      for (std::size_t i = 0; i < result.size(); ++i) {
        result[i] = result[i] || one[i];
      }
    }
    return result;
  }

  void extend(std::vector<bool>& reached, bool over_slashes) const {
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (reached[i] && (over_slashes || text_[i] != '/')) {
        reached[i + 1] = true;
      }
    }
  }

  void step(std::vector<bool>& reached, char expected) const {
    for (std::size_t i = text_.size(); i > 0; --i) {
      reached[i] = reached[i - 1] && text_[i - 1] == expected;
    }
    reached[0] = false;
  }

  std::string_view text_;
  Dialect dialect_;
};

std::size_t first_special(std::string_view pattern, Dialect dialect) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_star(pattern, i, dialect) || (pattern[i] == '{' && alternatives_at(pattern, i))) {
      return i;
    }
  }
  return pattern.size();
}

// Most names of a binary differ in what stands before the first special character: looked at first.
bool matches(std::string_view pattern, std::string_view text, Dialect dialect) {
  const std::size_t plain = first_special(pattern, dialect);
  if (!text.starts_with(pattern.substr(0, plain))) {
    return false;
  }
  if (plain == pattern.size()) {
    return text.size() == plain;
  }
  return Matcher(text.substr(plain), dialect).matches(pattern.substr(plain));
}

}  // namespace

bool is_glob(std::string_view pattern) {
  return first_special(pattern, Dialect::kFunctionName) != pattern.size();
}

bool glob_matches(std::string_view pattern, std::string_view name) {
  return matches(pattern, name, Dialect::kFunctionName);
}

bool path_glob_matches(std::string_view pattern, std::string_view path) {
  return matches(pattern, path, Dialect::kPath);
}

}  // namespace base
