// A label is written in one of three ways:
//   topic: recv.config.Topic                                      an expression
//   method: { value: info.FullMethod, keep: after-last-slash }    a value and what is done to its text
//   status: { error: 'ret1 != nil', else: ok }                    the name of the first condition that holds
#include "config/parse_labels.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "config/nearest_name.hpp"
#include "config/parse_functions.hpp"
#include "config/parse_transform.hpp"
#include "config/prometheus_names.hpp"

namespace config {
namespace {

constexpr std::uint32_t kMaxLabelLength = 256;
// Of a path with its identifiers, which are replaced only after it was read.
constexpr std::uint32_t kGroupedPathLength = 128;

// Without `else`, which both kinds of mapping have.
constexpr std::array<std::string_view, 12> kValueKeys = {"value", "const",      "group",      "as",
                                                         "keep",  "cut_prefix", "cut_suffix", "case",
                                                         "regex", "sql",        "map",        "max_length"};

bool is_value_key(std::string_view key) {
  return std::ranges::find(kValueKeys, key) != kValueKeys.end();
}

// "vale", "keeep": a key that was meant, and no name of a case. Short names are too near to each other to
// tell, and a quoted one is meant as it stands.
std::optional<std::string> misspelt_value_key(const YamlNode& key) {
  constexpr std::size_t kShortest = 4;
  if (key.is_quoted || key.text.size() < kShortest) {
    return std::nullopt;
  }
  for (const std::string_view known : kValueKeys) {
    if (edit_distance(key.text, known) == 1) {
      return std::string(known);
    }
  }
  return std::nullopt;
}

// Reads one label; what is wrong with it goes to the problems.
class LabelReader {
 public:
  LabelReader(const YamlEntry* entry, const std::string& probe_owner, const YamlReader* reader)
      : entry_(entry),
        reader_(reader),
        owner_(fmt::format("{}: label \"{}\"", probe_owner, entry->key.text)) {}

  Label read();

 private:
  using Source = decltype(Label::source);

  [[nodiscard]] Source source() const;
  [[nodiscard]] Source value_form() const;
  [[nodiscard]] Source constant_form(const YamlNode& text) const;
  [[nodiscard]] Source cases_form() const;
  void read_value(const YamlNode& node, ValueLabel& label) const;
  void read_transform(const YamlEntry& entry, ValueLabel& label) const;
  void read_otherwise(ValueLabel& label) const;

  [[nodiscard]] const YamlNode& node() const { return entry_->value; }

  [[nodiscard]] Problems& problems() const { return reader_->problems(); }

  const YamlEntry* entry_;    // the caller's
  const YamlReader* reader_;  // the caller's
  std::string owner_;
};

Label LabelReader::read() {
  Label label;
  label.name = entry_->key.text;
  label.position = entry_->key.position;
  if (!is_label_name(label.name)) {
    problems().add(label.position, "{} must have letters, digits and _, no digit first and no __", owner_);
  } else if (label.name == "service") {
    problems().add(label.position,
                   "{}: \"service\" is always the name of the process's service; leave it out", owner_);
  }
  label.source = source();
  return label;
}

LabelReader::Source LabelReader::source() const {
  if (node().kind == YamlNode::Kind::kScalar) {
    ValueLabel label;
    label.value = reader_->expression(node(), {owner_, "value"}).value_or(LocatedExpression{});
    return label;
  }
  if (node().kind != YamlNode::Kind::kMapping || node().entries.empty()) {
    problems().add(node().position,
                   "{} is {}; it must be an expression, {{ value: expression, ... }}, "
                   "{{ const: text }}, or cases like {{ error: 'ret0 != nil', else: ok }}",
                   owner_,
                   node().kind == YamlNode::Kind::kMapping ? "an empty mapping" : description_of(node()));
    return ConstantLabel{};
  }
  const bool has_value_key = std::ranges::any_of(
      node().entries, [](const YamlEntry& entry) { return is_value_key(entry.key.text); });
  return has_value_key ? value_form() : cases_form();
}

LabelReader::Source LabelReader::value_form() const {
  reader_->expect_mapping(node(), owner_,
                          {"value", "const", "group", "as", "keep", "cut_prefix", "cut_suffix", "case",
                           "regex", "sql", "map", "else", "max_length"});
  if (const YamlNode* const text = find_value(node(), "const")) {
    return constant_form(*text);
  }
  ValueLabel label;
  if (const YamlNode* const value = reader_->require(node(), owner_, "value", "expression")) {
    read_value(*value, label);
  }
  for (const YamlEntry& entry : node().entries) {
    read_transform(entry, label);
  }
  read_otherwise(label);
  if (is_grouped(label)) {
    label.max_length = kGroupedPathLength;
  }
  if (const YamlNode* const length = find_value(node(), "max_length")) {
    label.max_length =
        reader_->whole_number(*length, {owner_, "max_length"}, 1, kMaxLabelLength).value_or(label.max_length);
  }
  return label;
}

LabelReader::Source LabelReader::constant_form(const YamlNode& text) const {
  for (const YamlEntry& entry : node().entries) {
    if (entry.key.text != "const" && (is_value_key(entry.key.text) || entry.key.text == "else")) {
      problems().add(entry.key.position, R"({}: "{}" stands beside "const"; a constant stands alone)", owner_,
                     entry.key.text);
    }
  }
  return ConstantLabel{reader_->text(text, {owner_, "const"}).value_or("")};
}

// An expression, or one that is read in another function: { within: F, read: expression }.
void LabelReader::read_value(const YamlNode& value, ValueLabel& label) const {
  if (value.kind != YamlNode::Kind::kMapping) {
    label.value = reader_->expression(value, {owner_, "value"}).value_or(LocatedExpression{});
    return;
  }
  const std::string owner = owner_ + ": value";
  reader_->expect_mapping(value, owner, {"within", "read", "signature"});
  Within within;
  if (const YamlNode* const functions = reader_->require(value, owner, "within", "name of a function")) {
    within.functions = parse_functions(*functions, {owner, "within"}, Patterns::kRefused, *reader_);
  }
  within.signature = parse_optional_signature(value, owner, *reader_);
  if (const YamlNode* const read = reader_->require(value, owner, "read", "expression, like ret0.Type")) {
    label.value = reader_->expression(*read, {owner, "read"}).value_or(LocatedExpression{});
  }
  label.within = std::move(within);
}

void LabelReader::read_transform(const YamlEntry& entry, ValueLabel& label) const {
  const bool is_other =
      entry.key.text == "value" || entry.key.text == "const" || entry.key.text == "max_length";
  if (is_other || !is_value_key(entry.key.text)) {
    return;
  }
  if (std::optional<Transform> transform = parse_transform(entry, owner_, *reader_)) {
    if (transform->kind == Transform::Kind::kGroupPath && !label.transforms.empty()) {
      problems().add(entry.key.position,
                     "{}: \"group\" is done in the kernel, before all else; write it first", owner_);
    }
    label.transforms.push_back(std::move(*transform));
  }
}

// What a `map` gives for texts that it does not list.
void LabelReader::read_otherwise(ValueLabel& label) const {
  const YamlNode* const otherwise = find_value(node(), "else");
  if (otherwise == nullptr) {
    return;
  }
  std::optional<std::string> text = reader_->text(*otherwise, {owner_, "else"});
  const auto map = std::ranges::find(label.transforms, Transform::Kind::kMap, &Transform::kind);
  if (map != label.transforms.end()) {
    map->otherwise = std::move(text);
  } else if (find_value(node(), "map") == nullptr) {
    problems().add(otherwise->position,
                   "{}: \"else\" belongs to a \"map\", which is not there; add one, or leave "
                   "it out",
                   owner_);
  }
}

LabelReader::Source LabelReader::cases_form() const {
  CasesLabel label;
  bool is_understood = true;
  for (const YamlEntry& entry : node().entries) {
    if (entry.key.text == "else") {
      label.otherwise = reader_->text(entry.value, {owner_, "else"}).value_or("");
    } else if (const std::optional<std::string> meant = misspelt_value_key(entry.key)) {
      problems().add(entry.key.position,
                     "{}: unknown key \"{}\"; did you mean \"{}\"? (a case of that name must be "
                     "quoted)",
                     owner_, entry.key.text, *meant);
      is_understood = false;
    } else {
      LocatedExpression condition =
          reader_->expression(entry.value, {owner_, entry.key.text}).value_or(LocatedExpression{});
      label.cases.push_back({entry.key.text, std::move(condition)});
    }
  }
  if (is_understood && find_value(node(), "else") == nullptr) {
    problems().add(node().position, "{}: the cases have no \"else\"; write else: text for when none holds",
                   owner_);
  } else if (is_understood && label.cases.empty()) {
    problems().add(node().position, "{} has only \"else\"; write {{ const: text }} for a constant", owner_);
  }
  return label;
}

}  // namespace

std::vector<Label> parse_labels(const YamlNode& node, const std::string& owner, const YamlReader& reader) {
  std::vector<Label> labels;
  if (reader.expect_names(node, {owner, "labels"})) {
    for (const YamlEntry& entry : node.entries) {
      labels.push_back(LabelReader(&entry, owner, &reader).read());
    }
  }
  return labels;
}

}  // namespace config
