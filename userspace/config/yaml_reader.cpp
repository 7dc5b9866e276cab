#include "config/yaml_reader.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/nearest_name.hpp"
#include "config/read_expression.hpp"
#include "config/read_type.hpp"
#include "config/text_cursor.hpp"

namespace config {
namespace {

std::vector<std::string> strings(std::initializer_list<std::string_view> words) {
  return {words.begin(), words.end()};
}

template <class Number>
std::optional<Number> number_in(const std::string& text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stop == end ? std::optional(value) : std::nullopt;
}

// "1h30m", "5m", "30s", as Go writes them.
std::optional<std::chrono::seconds> duration_in(std::string_view text) {
  std::chrono::seconds total{0};
  TextCursor cursor(text);
  do {
    const std::optional<std::uint32_t> count =
        number_in<std::uint32_t>(std::string(cursor.take_while(is_digit)));
    const char unit = cursor.peek();
    if (!count || (unit != 'h' && unit != 'm' && unit != 's')) {
      return std::nullopt;
    }
    cursor.move_to(cursor.position() + 1);
    total += std::chrono::seconds(static_cast<std::int64_t>(*count) * (unit == 'h'   ? 3600
                                                                       : unit == 'm' ? 60
                                                                                     : 1));
  } while (!cursor.at_end());
  return total;
}

}  // namespace

void YamlReader::refuse(const YamlNode& node, const Field& field, std::string_view allowed) const {
  problems_->add(node.position, "{}: \"{}\" is {}; it must be {}", field.owner, field.key,
                 description_of(node), allowed);
}

bool YamlReader::expect_mapping(const YamlNode& node, const std::string& owner,
                                std::initializer_list<std::string_view> allowed) const {
  if (node.kind != YamlNode::Kind::kMapping) {
    problems_->add(node.position, "{} is {}; it must be a mapping with the keys {}", owner,
                   description_of(node), fmt::join(allowed, ", "));
    return false;
  }
  for (const YamlEntry& entry : node.entries) {
    if (std::ranges::find(allowed, entry.key.text) == allowed.end()) {
      problems_->add(entry.key.position, "{}: unknown key \"{}\"; allowed: {}{}", owner, entry.key.text,
                     fmt::join(allowed, ", "), base::did_you_mean(entry.key.text, strings(allowed)));
    }
  }
  return true;
}

bool YamlReader::expect_names(const YamlNode& node, const Field& field) const {
  if (node.kind != YamlNode::Kind::kMapping) {
    refuse(node, field, "a mapping from names");
    return false;
  }
  return true;
}

bool YamlReader::expect_list(const YamlNode& node, const Field& field) const {
  if (node.kind != YamlNode::Kind::kSequence) {
    refuse(node, field, "a list");
    return false;
  }
  return true;
}

const YamlNode* YamlReader::require(const YamlNode& mapping, const std::string& owner, std::string_view key,
                                    std::string_view example) const {
  const YamlNode* const value = find_value(mapping, key);
  if (value == nullptr) {
    problems_->add(mapping.position, "{} has no \"{}\"; write {}: {}", owner, key, key, example);
  }
  return value;
}

std::optional<std::string> YamlReader::text(const YamlNode& node, const Field& field) const {
  if (node.kind != YamlNode::Kind::kScalar) {
    refuse(node, field, "text");
    return std::nullopt;
  }
  return node.text;
}

std::vector<LocatedText> YamlReader::texts(const YamlNode& list, const Field& field) const {
  std::vector<LocatedText> result;
  if (!expect_list(list, field)) {
    return result;
  }
  for (const YamlNode& item : list.items) {
    if (std::optional<std::string> one = text(item, field)) {
      result.push_back({std::move(*one), item.position});
    }
  }
  return result;
}

std::vector<LocatedText> YamlReader::text_or_texts(const YamlNode& node, const Field& field) const {
  if (node.kind == YamlNode::Kind::kScalar) {
    return {{node.text, node.position}};
  }
  if (node.kind == YamlNode::Kind::kSequence && !node.items.empty()) {
    return texts(node, field);
  }
  problems_->add(
      node.position, "{}: \"{}\" is {}; it must be text or a list of texts", field.owner, field.key,
      node.items.empty() && node.kind == YamlNode::Kind::kSequence ? "an empty list" : description_of(node));
  return {};
}

std::optional<bool> YamlReader::boolean(const YamlNode& node, const Field& field) const {
  if (node.kind == YamlNode::Kind::kScalar && (node.text == "true" || node.text == "false")) {
    return node.text == "true";
  }
  refuse(node, field, "true or false");
  return std::nullopt;
}

std::optional<std::uint32_t> YamlReader::whole_number(const YamlNode& node, const Field& field,
                                                      std::uint32_t lowest, std::uint32_t highest) const {
  const std::optional<std::uint32_t> value =
      node.kind == YamlNode::Kind::kScalar ? number_in<std::uint32_t>(node.text) : std::nullopt;
  if (!value || *value < lowest || *value > highest) {
    refuse(node, field, fmt::format("a whole number from {} to {}", lowest, highest));
    return std::nullopt;
  }
  return value;
}

std::optional<double> YamlReader::number(const YamlNode& node, const Field& field) const {
  const std::optional<double> value =
      node.kind == YamlNode::Kind::kScalar ? number_in<double>(node.text) : std::nullopt;
  if (!value || !std::isfinite(*value)) {
    refuse(node, field, "a finite number");
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::seconds> YamlReader::duration(const YamlNode& node, const Field& field) const {
  constexpr std::chrono::hours kLongest{24};
  const std::optional<std::chrono::seconds> value =
      node.kind == YamlNode::Kind::kScalar ? duration_in(node.text) : std::nullopt;
  if (!value || value->count() == 0 || *value > kLongest) {
    refuse(node, field, "a duration from 1s to 24h, like 30s, 5m or 1h30m");
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> YamlReader::one_of(const YamlNode& node, const Field& field,
                                              std::initializer_list<std::string_view> words) const {
  if (node.kind == YamlNode::Kind::kScalar && std::ranges::find(words, node.text) != words.end()) {
    return node.text;
  }
  refuse(node, field,
         fmt::format("one of {}{}", fmt::join(words, ", "), base::did_you_mean(node.text, strings(words))));
  return std::nullopt;
}

std::optional<LocatedExpression> YamlReader::expression(const YamlNode& node, const Field& field) const {
  if (node.kind != YamlNode::Kind::kScalar) {
    refuse(node, field, "an expression");
    return std::nullopt;
  }
  Parsed<Expression> parsed = read_expression(node.text);
  if (!parsed) {
    problems_->add(position_inside(node, parsed.error().offset), "{}: \"{}\": {}", field.owner, field.key,
                   parsed.error().message);
    return std::nullopt;
  }
  return LocatedExpression{std::move(*parsed), node.text, position_inside(node, 0)};
}

std::optional<Signature> YamlReader::signature(const YamlNode& node, const Field& field) const {
  if (node.kind != YamlNode::Kind::kScalar) {
    refuse(node, field, "a signature, like func(ctx context.Context, id int) error");
    return std::nullopt;
  }
  Parsed<Signature> parsed = read_signature(node.text);
  if (!parsed) {
    problems_->add(position_inside(node, parsed.error().offset), "{}: \"{}\": {}", field.owner, field.key,
                   parsed.error().message);
    return std::nullopt;
  }
  return std::move(*parsed);
}

Position YamlReader::position_inside(const YamlNode& scalar, std::size_t offset) const {
  // Walk the source and the value together. What YAML adds (quotes, backslashes, indentation, `>-`) is in the
  // source only and is stepped over; a run of white space stands for any other.
  Position position = scalar.position;
  std::size_t source = scalar.offset;
  const auto step = [&] {
    const char c = source_[source++];
    const bool continues = (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
    position = c == '\n' ? Position{position.line + 1, 1}
                         : Position{position.line, position.column + (continues ? 0 : 1)};
  };
  const std::string& value = scalar.text;
  for (std::size_t i = 0; i <= offset && i < value.size(); ++i) {
    if (is_space(value[i])) {
      continue;
    }
    while (source < source_.size() && source_[source] != value[i]) {
      step();
    }
    if (i < offset && source < source_.size()) {
      step();
    }
  }
  return position;
}

}  // namespace config
