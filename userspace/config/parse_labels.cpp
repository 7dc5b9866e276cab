// A label is written in one of four ways:
//   topic: recv.config.Topic                                      an expression
//   method: { value: info.FullMethod, keep: after-last-slash }    a value and what is done to its text
//   status: { error: 'ret1 != nil', else: ok }                    the name of the first condition that holds
//   route:  { first: [ret1, r.Pattern], case: lower }             the first value that is there
#include "config/parse_labels.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/nearest_name.hpp"
#include "config/parse_functions.hpp"
#include "config/parse_transform.hpp"
#include "config/prometheus_names.hpp"

namespace config {
namespace {

constexpr std::uint32_t kMaxLabelLength = 256;
// Of a path with its identifiers, which are replaced only after it was read.
constexpr std::uint32_t kGroupedPathLength = 128;

// Without `else`, which both kinds of mapping have.
constexpr std::array<std::string_view, 13> kValueKeys = {
    "value", "first",      "const", "group", "as",  "keep",      "cut_prefix",
    "case",  "cut_suffix", "regex", "sql",   "map", "max_length"};

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
    if (base::edit_distance(key.text, known) == 1) {
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
  [[nodiscard]] Source first_form(const YamlNode& list) const;
  [[nodiscard]] ValueLabel alternative(const YamlNode& node) const;
  void read_value(const YamlNode& node, const std::string& key, ValueLabel& label) const;
  void read_within(const YamlNode& node, const std::string& owner, ValueLabel& label) const;
  void read_transforms(std::vector<Transform>& transforms) const;
  void read_transform(const YamlEntry& entry, std::vector<Transform>& transforms) const;
  void read_otherwise(std::vector<Transform>& transforms) const;
  void read_max_length(std::uint32_t& max_length) const;

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
                   "{{ const: text }}, cases like {{ error: 'ret0 != nil', else: ok }}, or "
                   "{{ first: [expression, ...] }}",
                   owner_,
                   node().kind == YamlNode::Kind::kMapping ? "an empty mapping" : description_of(node()));
    return ConstantLabel{};
  }
  // A case may be called "first"; what it stands for is no list then.
  const bool has_value_key = std::ranges::any_of(node().entries, [](const YamlEntry& entry) {
    return entry.key.text == "first" ? entry.value.kind == YamlNode::Kind::kSequence
                                     : is_value_key(entry.key.text);
  });
  return has_value_key ? value_form() : cases_form();
}

LabelReader::Source LabelReader::value_form() const {
  reader_->expect_mapping(node(), owner_,
                          {"value", "first", "const", "group", "as", "keep", "cut_prefix", "cut_suffix",
                           "case", "regex", "sql", "map", "else", "max_length"});
  if (const YamlNode* const text = find_value(node(), "const")) {
    return constant_form(*text);
  }
  if (const YamlNode* const list = find_value(node(), "first")) {
    return first_form(*list);
  }
  ValueLabel label;
  if (const YamlNode* const value = reader_->require(node(), owner_, "value", "expression")) {
    read_value(*value, "value", label);
  }
  read_transforms(label.transforms);
  if (is_grouped(label)) {
    label.max_length = kGroupedPathLength;
  }
  read_max_length(label.max_length);
  return label;
}

LabelReader::Source LabelReader::first_form(const YamlNode& list) const {
  FirstLabel label;
  for (const char* const other : {"value", "group"}) {
    if (const YamlNode* const beside = find_value(node(), other)) {
      problems().add(beside->position, R"({}: "{}" stands beside "first"; it belongs to an alternative)",
                     owner_, other);
    }
  }
  if (list.kind != YamlNode::Kind::kSequence || list.items.empty()) {
    problems().add(list.position, "{}: \"first\" is {}; it must be a list of values", owner_,
                   list.kind == YamlNode::Kind::kSequence ? "an empty list" : description_of(list));
    return label;
  }
  bool is_grouped_somewhere = false;
  for (const YamlNode& item : list.items) {
    ValueLabel one = alternative(item);
    if (one.within && !label.alternatives.empty() && !label.alternatives.back().within) {
      problems().add(
          item.position,
          "{}: an alternative with \"within\" stands behind one without; write it before, since its "
          "value is there before the call returns",
          owner_);
    }
    is_grouped_somewhere = is_grouped_somewhere || is_grouped(one);
    label.alternatives.push_back(std::move(one));
  }
  read_transforms(label.transforms);
  label.max_length = is_grouped_somewhere ? kGroupedPathLength : label.max_length;
  read_max_length(label.max_length);
  for (ValueLabel& one : label.alternatives) {
    one.max_length = label.max_length;
  }
  return label;
}

// An expression, { within: F, read: expression }, or { value: expression, group: path }.
ValueLabel LabelReader::alternative(const YamlNode& node) const {
  const std::string owner = owner_ + ": first";
  ValueLabel one;
  if (node.kind != YamlNode::Kind::kMapping || find_value(node, "within") != nullptr) {
    read_value(node, "first", one);
    return one;
  }
  reader_->expect_mapping(node, owner, {"value", "group", "within", "read", "signature"});
  if (const YamlNode* const value = reader_->require(node, owner, "value", "expression")) {
    one.value = reader_->expression(*value, {owner, "value"}).value_or(LocatedExpression{});
  }
  const auto group = std::ranges::find(node.entries, std::string_view("group"),
                                       [](const YamlEntry& entry) { return entry.key.text; });
  if (group != node.entries.end()) {
    read_transform(*group, one.transforms);
  }
  return one;
}

void LabelReader::read_transforms(std::vector<Transform>& transforms) const {
  for (const YamlEntry& entry : node().entries) {
    read_transform(entry, transforms);
  }
  read_otherwise(transforms);
}

void LabelReader::read_max_length(std::uint32_t& max_length) const {
  if (const YamlNode* const length = find_value(node(), "max_length")) {
    max_length =
        reader_->whole_number(*length, {owner_, "max_length"}, 1, kMaxLabelLength).value_or(max_length);
  }
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
void LabelReader::read_value(const YamlNode& value, const std::string& key, ValueLabel& label) const {
  if (value.kind == YamlNode::Kind::kMapping) {
    read_within(value, owner_ + ": " + key, label);
  } else {
    label.value = reader_->expression(value, {owner_, key}).value_or(LocatedExpression{});
  }
}

void LabelReader::read_within(const YamlNode& value, const std::string& owner, ValueLabel& label) const {
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

void LabelReader::read_transform(const YamlEntry& entry, std::vector<Transform>& transforms) const {
  const bool is_other = entry.key.text == "value" || entry.key.text == "first" || entry.key.text == "const" ||
                        entry.key.text == "max_length";
  if (is_other || !is_value_key(entry.key.text)) {
    return;
  }
  if (std::optional<Transform> transform = parse_transform(entry, owner_, *reader_)) {
    if (transform->kind == Transform::Kind::kGroupPath && !transforms.empty()) {
      problems().add(entry.key.position,
                     "{}: \"group\" is done in the kernel, before all else; write it first", owner_);
    }
    transforms.push_back(std::move(*transform));
  }
}

// What a `map` gives for texts that it does not list.
void LabelReader::read_otherwise(std::vector<Transform>& transforms) const {
  const YamlNode* const otherwise = find_value(node(), "else");
  if (otherwise == nullptr) {
    return;
  }
  std::optional<std::string> text = reader_->text(*otherwise, {owner_, "else"});
  const auto map = std::ranges::find(transforms, Transform::Kind::kMap, &Transform::kind);
  if (map != transforms.end()) {
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
