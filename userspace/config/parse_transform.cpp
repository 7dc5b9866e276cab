#include "config/parse_transform.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "config/group_reference.hpp"

namespace config {
namespace {

constexpr std::size_t kMaxPatternLength = 1024;

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kSeparators = {
    {{"slash", "/"}, {"dot", "."}, {"colon", ":"}, {"dash", "-"}, {"underscore", "_"}, {"space", " "}}};

std::string separator_of(std::string_view word) {
  for (const auto& [name, separator] : kSeparators) {
    if (word.ends_with(name)) {
      return std::string(separator);
    }
  }
  return "";
}

std::optional<Transform> parse_keep(const YamlNode& node, const Field& field, const YamlReader& reader) {
  const std::optional<std::string> word = reader.one_of(
      node, field,
      {"after-last-slash", "after-last-dot", "after-last-colon", "after-last-dash", "after-last-underscore",
       "after-last-space", "before-first-slash", "before-first-dot", "before-first-colon",
       "before-first-dash", "before-first-underscore", "before-first-space"});
  if (!word) {
    return std::nullopt;
  }
  Transform transform;
  transform.kind = word->starts_with("after") ? Transform::Kind::kAfterLast : Transform::Kind::kBeforeFirst;
  transform.argument = separator_of(*word);
  return transform;
}

std::optional<Transform> parse_cut(Transform::Kind kind, const YamlNode& node, const Field& field,
                                   const YamlReader& reader) {
  std::optional<std::string> text = reader.text(node, field);
  if (!text) {
    return std::nullopt;
  }
  Transform transform;
  transform.kind = kind;
  transform.argument = std::move(*text);
  return transform;
}

std::optional<Transform> parse_choice(const YamlNode& node, const Field& field, const YamlReader& reader,
                                      std::pair<std::string_view, Transform::Kind> first,
                                      std::pair<std::string_view, Transform::Kind> second) {
  const std::optional<std::string> word = reader.one_of(node, field, {first.first, second.first});
  if (!word) {
    return std::nullopt;
  }
  Transform transform;
  transform.kind = *word == first.first ? first.second : second.second;
  return transform;
}

std::optional<Transform> parse_form(const YamlNode& node, const Field& field, const YamlReader& reader) {
  const std::optional<std::string> word = reader.one_of(node, field, {"duration", "hex", "uuid"});
  if (!word) {
    return std::nullopt;
  }
  Transform transform;
  transform.kind = *word == "duration" ? Transform::Kind::kDuration
                   : *word == "hex"    ? Transform::Kind::kHex
                                       : Transform::Kind::kUuid;
  return transform;
}

std::optional<Transform> parse_group(const YamlNode& node, const Field& field, const YamlReader& reader) {
  if (!reader.one_of(node, field, {"path"})) {
    return std::nullopt;
  }
  Transform transform;
  transform.kind = Transform::Kind::kGroupPath;
  return transform;
}

// The highest N of "$N" in a replacement.
int highest_group(std::string_view replacement) {
  int highest = 0;
  for (; !replacement.empty(); replacement.remove_prefix(1)) {
    if (const std::optional<GroupReference> reference = group_reference(replacement)) {
      highest = std::max(highest, static_cast<int>(reference->group));
    }
  }
  return highest;
}

void check_regex(const YamlNode& match, const Transform& transform, const std::string& owner,
                 const YamlReader& reader) {
  if (transform.argument.size() > kMaxPatternLength) {
    reader.problems().add(match.position, "{}: \"match\" has {} bytes; {} are allowed", owner,
                          transform.argument.size(), kMaxPatternLength);
    return;
  }
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 pattern(transform.argument, options);
  if (!pattern.ok()) {
    reader.problems().add(match.position, "{}: \"match\" is no RE2 regular expression: {}", owner,
                          pattern.error());
  } else if (highest_group(transform.replacement) > pattern.NumberOfCapturingGroups()) {
    reader.problems().add(match.position,
                          R"({}: "replace" uses ${}, but "match" has {} groups in parentheses)", owner,
                          highest_group(transform.replacement), pattern.NumberOfCapturingGroups());
  }
}

std::optional<Transform> parse_regex(const YamlNode& node, const std::string& label_owner,
                                     const YamlReader& reader) {
  const std::string owner = label_owner + ": regex";
  if (!reader.expect_mapping(node, owner, {"match", "replace"})) {
    return std::nullopt;
  }
  const YamlNode* const match = reader.require(node, owner, "match", "a regular expression");
  const YamlNode* const replace = reader.require(node, owner, "replace", "text, with $1 for the first group");
  if (match == nullptr || replace == nullptr) {
    return std::nullopt;
  }
  Transform transform;
  transform.kind = Transform::Kind::kRegex;
  transform.argument = reader.text(*match, {owner, "match"}).value_or("");
  transform.replacement = reader.text(*replace, {owner, "replace"}).value_or("");
  check_regex(*match, transform, owner, reader);
  return transform;
}

std::optional<Transform> parse_map(const YamlNode& node, const Field& field, const YamlReader& reader) {
  if (!reader.expect_names(node, field)) {
    return std::nullopt;
  }
  Transform transform;
  transform.kind = Transform::Kind::kMap;
  for (const YamlEntry& entry : node.entries) {
    if (std::optional<std::string> text = reader.text(entry.value, {field.owner, "map: " + entry.key.text})) {
      transform.mapping.emplace(entry.key.text, std::move(*text));
    }
  }
  return transform;
}

std::string_view word_of(std::string_view separator) {
  const auto known =
      std::ranges::find(kSeparators, separator, &std::pair<std::string_view, std::string_view>::second);
  return known == kSeparators.end() ? separator : known->first;
}

// In single quotes YAML leaves a backslash as it is.
std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    result += c == '\'' ? "''" : std::string(1, c);
  }
  return result + "'";
}

std::string map_to_string(const Transform& transform) {
  std::string entries;
  for (const auto& [from, to] : transform.mapping) {
    entries += fmt::format("{}{}: {}", entries.empty() ? "" : ", ", quoted(from), quoted(to));
  }
  const std::string otherwise = transform.otherwise ? ", else: " + quoted(*transform.otherwise) : "";
  return fmt::format("map: {{ {} }}{}", entries, otherwise);
}

}  // namespace

std::string to_string(const Transform& transform) {
  switch (transform.kind) {
    case Transform::Kind::kAfterLast:
      return fmt::format("keep: after-last-{}", word_of(transform.argument));
    case Transform::Kind::kBeforeFirst:
      return fmt::format("keep: before-first-{}", word_of(transform.argument));
    case Transform::Kind::kTrimPrefix:
      return "cut_prefix: " + quoted(transform.argument);
    case Transform::Kind::kTrimSuffix:
      return "cut_suffix: " + quoted(transform.argument);
    case Transform::Kind::kLower:
      return "case: lower";
    case Transform::Kind::kUpper:
      return "case: upper";
    case Transform::Kind::kRegex:
      return fmt::format("regex: {{ match: {}, replace: {} }}", quoted(transform.argument),
                         quoted(transform.replacement));
    case Transform::Kind::kSqlVerb:
      return "sql: verb";
    case Transform::Kind::kSqlTable:
      return "sql: table";
    case Transform::Kind::kMap:
      return map_to_string(transform);
    case Transform::Kind::kGroupPath:
      return "group: path";
    case Transform::Kind::kDuration:
      return "as: duration";
    case Transform::Kind::kHex:
      return "as: hex";
    case Transform::Kind::kUuid:
      return "as: uuid";
  }
  return "";
}

std::optional<Transform> parse_transform(const YamlEntry& entry, const std::string& owner,
                                         const YamlReader& reader) {
  const std::string& key = entry.key.text;
  const Field field{owner, key};
  if (key == "keep") {
    return parse_keep(entry.value, field, reader);
  }
  if (key == "cut_prefix") {
    return parse_cut(Transform::Kind::kTrimPrefix, entry.value, field, reader);
  }
  if (key == "cut_suffix") {
    return parse_cut(Transform::Kind::kTrimSuffix, entry.value, field, reader);
  }
  if (key == "case") {
    return parse_choice(entry.value, field, reader, {"lower", Transform::Kind::kLower},
                        {"upper", Transform::Kind::kUpper});
  }
  if (key == "sql") {
    return parse_choice(entry.value, field, reader, {"verb", Transform::Kind::kSqlVerb},
                        {"table", Transform::Kind::kSqlTable});
  }
  if (key == "regex") {
    return parse_regex(entry.value, owner, reader);
  }
  if (key == "as") {
    return parse_form(entry.value, field, reader);
  }
  if (key == "group") {
    return parse_group(entry.value, field, reader);
  }
  assert(key == "map");
  return parse_map(entry.value, field, reader);
}

}  // namespace config
