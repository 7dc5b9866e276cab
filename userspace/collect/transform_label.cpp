#include "collect/transform_label.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "collect/decode_labels.hpp"
#include "collect/group_path.hpp"
#include "collect/value_text.hpp"
#include "config/group_reference.hpp"

namespace collect {
namespace {

using config::Transform;

std::string with_case(std::string text, int (*change)(int)) {
  std::ranges::transform(text, text.begin(), [change](char c) {
    return static_cast<char>(change(static_cast<unsigned char>(c)));
  });
  return text;
}

std::string after_last(std::string text, const std::string& separator) {
  const std::size_t at = text.rfind(separator);
  return at == std::string::npos ? text : text.substr(at + separator.size());
}

std::string before_first(std::string text, const std::string& separator) {
  return text.substr(0, text.find(separator));
}

std::string without_prefix(std::string text, const std::string& prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::string without_suffix(std::string text, const std::string& suffix) {
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

// More than a configuration has at a time; those of configurations before go with the others.
constexpr std::size_t kMostPatterns = 256;

// Compiled once per pattern and thread: a scrape decodes thousands of labels with a handful of patterns. The
// result is good until the next call.
const re2::RE2& compiled(const std::string& pattern) {
  static thread_local std::map<std::string, std::unique_ptr<re2::RE2>> cache;
  if (cache.size() >= kMostPatterns && !cache.contains(pattern)) {
    cache.clear();
  }
  auto& entry = cache[pattern];
  if (!entry) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_dot_nl(true);  // as in Prometheus
    entry = std::make_unique<re2::RE2>(pattern, options);
  }
  return *entry;
}

// The replacement with "$1" and "${1}" filled in; a group that took no part is "".
std::string expanded(std::string_view replacement, std::span<const re2::StringPiece> groups) {
  std::string text;
  while (!replacement.empty()) {
    if (const std::optional<config::GroupReference> reference = config::group_reference(replacement)) {
      text.append(groups[reference->group].data(), groups[reference->group].size());
      replacement.remove_prefix(reference->length);
    } else {
      text += replacement.front();
      replacement.remove_prefix(1);
    }
  }
  return text;
}

// The pattern must match the whole text, as in relabelling rules of Prometheus.
std::string replaced(std::string text, const Transform& transform) {
  const re2::RE2& pattern = compiled(transform.argument);
  std::array<re2::StringPiece, config::kMaxGroups> groups;
  const int count = std::min(pattern.NumberOfCapturingGroups() + 1, static_cast<int>(groups.size()));
  const bool matches = pattern.Match(text, 0, text.size(), re2::RE2::ANCHOR_BOTH, groups.data(), count);
  return matches ? expanded(transform.replacement, groups) : text;
}

// Nanoseconds; what is no number stays.
std::string as_duration(std::string text) {
  std::int64_t nanoseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), nanoseconds);
  return error == std::errc{} && end == text.data() + text.size() ? duration_text(nanoseconds) : text;
}

// The mark of a text that was cut is none of its bytes.
std::string of_bytes(std::string_view text, std::string (*write)(std::string_view)) {
  const bool is_cut = text.ends_with(kTruncationMark);
  text.remove_suffix(is_cut ? std::string_view(kTruncationMark).size() : 0);
  return is_cut ? hex_text(text) + kTruncationMark : write(text);
}

std::string mapped(std::string text, const Transform& transform) {
  const auto found = transform.mapping.find(text);
  if (found != transform.mapping.end()) {
    return found->second;
  }
  return transform.otherwise.value_or(std::move(text));
}

std::string apply(const Transform& transform, std::string text) {
  switch (transform.kind) {
    case Transform::Kind::kAfterLast:
      return after_last(std::move(text), transform.argument);
    case Transform::Kind::kBeforeFirst:
      return before_first(std::move(text), transform.argument);
    case Transform::Kind::kTrimPrefix:
      return without_prefix(std::move(text), transform.argument);
    case Transform::Kind::kTrimSuffix:
      return without_suffix(std::move(text), transform.argument);
    case Transform::Kind::kLower:
      return with_case(std::move(text), std::tolower);
    case Transform::Kind::kUpper:
      return with_case(std::move(text), std::toupper);
    case Transform::Kind::kRegex:
      return replaced(std::move(text), transform);
    case Transform::Kind::kSqlVerb:
      return sql_verb(text);
    case Transform::Kind::kSqlTable:
      return sql_table(text);
    case Transform::Kind::kMap:
      return mapped(std::move(text), transform);
    case Transform::Kind::kGroupPath:
      return group_path(text).text;
    case Transform::Kind::kDuration:
      return as_duration(std::move(text));
    case Transform::Kind::kHex:
      return of_bytes(text, hex_text);
    case Transform::Kind::kUuid:
      return of_bytes(text, uuid_text);
  }
  return text;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::string_view kQuotes = "`\"[";

// Words, quoted names (with their quotes) and single characters of an SQL text; comments and white space are
// skipped.
class SqlWords {
 public:
  explicit SqlWords(std::string_view text) : text_(text) {}

  std::optional<std::string_view> next() {
    skip_blank();
    if (at_ >= text_.size()) {
      return std::nullopt;
    }
    const std::size_t start = at_;
    if (is_name_start(text_[at_])) {
      skip_name();
    } else {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

 private:
  [[nodiscard]] static bool is_name_start(char c) {
    return is_word(c) || kQuotes.find(c) != std::string_view::npos;
  }

  void skip_blank() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
        ++at_;
      } else if (text_.substr(at_).starts_with("--")) {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (text_.substr(at_).starts_with("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        at_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else {
        return;
      }
    }
  }

  // A name may be several quoted parts joined by dots.
  void skip_name() {
    while (at_ < text_.size() && is_name_start(text_[at_])) {
      if (is_word(text_[at_])) {
        ++at_;
        continue;
      }
      const char close = text_[at_] == '[' ? ']' : text_[at_];
      const std::size_t end = text_.find(close, at_ + 1);
      at_ = end == std::string_view::npos ? text_.size() : end + 1;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string unquoted(std::string_view name) {
  std::string plain;
  std::ranges::copy_if(name, std::back_inserter(plain),
                       [](char c) { return std::string_view("`\"[]").find(c) == std::string_view::npos; });
  return plain;
}

bool one_of(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

std::string transform_label(std::span<const config::Transform> transforms, std::string text) {
  for (const Transform& transform : transforms) {
    text = apply(transform, std::move(text));
  }
  return text;
}

std::string sql_verb(const std::string& statement) {
  SqlWords words(statement);
  while (const auto word = words.next()) {
    if (is_word(word->front())) {
      return with_case(std::string(*word), std::toupper);
    }
  }
  return {};
}

std::string sql_table(const std::string& statement) {
  SqlWords words(statement);
  bool wanted = false;
  while (const auto word = words.next()) {
    const std::string upper = with_case(std::string(*word), std::toupper);
    const bool is_name = is_word(word->front()) || kQuotes.find(word->front()) != std::string_view::npos;
    if (wanted && is_name &&
        !one_of(upper, {"ONLY", "IGNORE", "IF", "EXISTS", "NOT", "LOW_PRIORITY", "OR", "SELECT"})) {
      return unquoted(*word);
    }
    if (one_of(upper, {"FROM", "INTO", "UPDATE", "TABLE", "JOIN"})) {
      wanted = true;
    } else if (!is_name && upper != ",") {
      wanted = wanted && upper == "(";
    }
  }
  return {};
}

}  // namespace collect
