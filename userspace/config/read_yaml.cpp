#include "config/read_yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <utility>

#include "base/utf8.hpp"

namespace config {
namespace {

constexpr std::size_t kMaxDepth = 64;

// What all nodes may cost together, copies that aliases make included: a few lines of YAML can stand for
// gigabytes.
constexpr std::size_t kMaxWeight = 64U << 20U;
constexpr std::size_t kNodeWeight = 256;

std::size_t weight_of(const YamlNode& node) {
  std::size_t weight = kNodeWeight + node.text.size();
  for (const YamlNode& item : node.items) {
    weight += weight_of(item);
  }
  for (const YamlEntry& entry : node.entries) {
    weight += weight_of(entry.key) + weight_of(entry.value);
  }
  return weight;
}

// What is YAML, but not ours.
struct Refusal {
  Position position;
  std::string message;
};

// Columns count characters, as editors do; far to the right, where nobody looks them up, bytes.
Position position_of(std::string_view text, const YAML::Mark& mark) {
  const auto end = std::min(static_cast<std::size_t>(mark.pos), text.size());
  const auto bytes = std::min(static_cast<std::size_t>(mark.column), end);
  const std::string_view before = text.substr(end - bytes, std::min<std::size_t>(bytes, 512));
  const auto continuation =
      std::ranges::count_if(before, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; });
  return {mark.line + 1, mark.column + 1 - static_cast<int>(continuation)};
}

// Builds the tree from yaml-cpp's events; YAML::Node would hide duplicate keys and positions.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Problems* problems) : text_(text), problems_(problems) {}

  [[nodiscard]] YamlNode take_root() { return std::move(root_); }

  [[nodiscard]] Position start() const { return start_; }

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = position_of(text_, mark); }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    finish(begin(YamlNode::Kind::kNull, mark), anchor, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node = begin(YamlNode::Kind::kScalar, mark);
    refuse_tag(mark, tag);
    node.text = value;
    node.is_quoted = tag == "!";
    finish(std::move(node), anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) {
      throw Refusal{position_of(text_, mark), "the alias stands inside of what it names"};
    }
    add_weight(mark, weight_of(found->second));
    add(found->second, mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(begin(YamlNode::Kind::kSequence, mark), anchor, mark);
  }

  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    refuse_tag(mark, tag);
    open(begin(YamlNode::Kind::kMapping, mark), anchor, mark);
  }

  void OnMapEnd() override {
    merge(open_.back());
    close();
  }

 private:
  struct OpenNode {
    YamlNode node;
    YAML::anchor_t anchor;
    YAML::Mark mark;
    std::optional<YamlNode> key;
    std::map<std::string, int, std::less<>> key_lines;  // of the keys so far
  };

  YamlNode begin(YamlNode::Kind kind, const YAML::Mark& mark) {
    add_weight(mark, kNodeWeight);
    YamlNode node;
    node.kind = kind;
    node.position = position_of(text_, mark);
    node.offset = static_cast<std::size_t>(mark.pos);
    return node;
  }

  void add_weight(const YAML::Mark& mark, std::size_t weight) {
    weight_ += weight;
    if (weight_ > kMaxWeight) {
      throw Refusal{position_of(text_, mark),
                    "the document is too large, counting what its aliases stand for"};
    }
  }

  // `when: !ok` is the tag "!ok" to YAML, and no condition.
  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!" && !tag.starts_with("tag:yaml.org,2002:")) {
      throw Refusal{position_of(text_, mark),
                    fmt::format("\"{}\" is a tag to YAML; put text that begins with ! in quotes", tag)};
    }
  }

  void open(YamlNode node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (open_.size() >= kMaxDepth) {
      throw Refusal{position_of(text_, mark),
                    fmt::format("the document is nested more than {} deep", kMaxDepth)};
    }
    open_.push_back({std::move(node), anchor, mark, std::nullopt});
  }

  void close() {
    OpenNode closed = std::move(open_.back());
    open_.pop_back();
    finish(std::move(closed.node), closed.anchor, closed.mark);
  }

  void finish(YamlNode node, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor != YAML::NullAnchor) {
      add_weight(mark, weight_of(node));
      anchored_[anchor] = node;
    }
    add(std::move(node), mark);
  }

  void add(YamlNode node, const YAML::Mark& mark) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    OpenNode& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kSequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      if (node.kind != YamlNode::Kind::kScalar) {
        throw Refusal{position_of(text_, mark), fmt::format("a key is text, found {}", description_of(node))};
      }
      parent.key = std::move(node);
    } else {
      add_entry(parent, {std::move(*parent.key), std::move(node)});
      parent.key.reset();
    }
  }

  void add_entry(OpenNode& mapping, YamlEntry entry) {
    const auto [known, is_new] = mapping.key_lines.try_emplace(entry.key.text, entry.key.position.line);
    if (is_new) {
      mapping.node.entries.push_back(std::move(entry));
    } else {
      problems_->add(entry.key.position, "duplicate key \"{}\", first in line {}; a key stands once",
                     entry.key.text, known->second);
    }
  }

  // `<<: *defaults`, `<<: [*a, *b]`: their keys, where the mapping has none of its own.
  void merge(OpenNode& mapping) {
    std::vector<YamlEntry>& entries = mapping.node.entries;
    const auto found = std::ranges::find_if(
        entries, [](const YamlEntry& entry) { return entry.key.text == "<<" && !entry.key.is_quoted; });
    if (found == entries.end()) {
      return;
    }
    const YamlNode merged = std::move(found->value);
    entries.erase(found);
    if (merged.kind != YamlNode::Kind::kSequence) {
      merge_from(mapping, merged);
    }
    for (const YamlNode& source : merged.items) {
      merge_from(mapping, source);
    }
  }

  void merge_from(OpenNode& mapping, const YamlNode& source) {
    if (source.kind != YamlNode::Kind::kMapping) {
      problems_->add(source.position, "\"<<\" merges {}; it takes a mapping or a list of mappings",
                     description_of(source));
    }
    for (const YamlEntry& entry : source.entries) {
      if (mapping.key_lines.try_emplace(entry.key.text, entry.key.position.line).second) {
        mapping.node.entries.push_back(entry);
      }
    }
  }

  std::string_view text_;  // the caller's
  Problems* problems_;     // the caller's
  YamlNode root_;
  Position start_;
  std::vector<OpenNode> open_;
  std::map<YAML::anchor_t, YamlNode> anchored_;
  std::size_t weight_ = 0;
};

bool is_indented_with_tab(std::string_view text, const YAML::Mark& mark) {
  const auto here = std::min(static_cast<std::size_t>(mark.pos), text.size());
  const std::string_view line = text.substr(text.substr(0, here).find_last_of('\n') + 1);
  return line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

// What yaml-cpp says, with what helps.
std::string explained(std::string_view text, const YAML::Exception& exception) {
  const std::string& message = exception.msg;
  if (is_indented_with_tab(text, exception.mark)) {
    return "not valid YAML: this line is indented with a tab; use spaces";
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kAdvice = {{
      {"illegal map value", "; text with \": \" in it must be quoted"},
      {"end of map not found", "; close the braces, and quote text that has : , [ ] { } in it"},
      {"end of sequence not found", "; close the brackets, and quote text that has : , [ ] { } in it"},
      {"unknown token", "; text that begins with @, ` or % must be quoted"},
      {"alias", "; text that begins with * must be quoted"},
      {"anchor", "; text that begins with * or & must be quoted"},
  }};
  for (const auto& [part, advice] : kAdvice) {
    if (message.find(part) != std::string::npos) {
      return fmt::format("not valid YAML: {}{}", message, advice);
    }
  }
  return fmt::format("not valid YAML: {}", message);
}

Position position_at(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.find_last_of('\n') + 1;  // npos + 1 is 0
  return {static_cast<int>(std::ranges::count(before, '\n')) + 1, static_cast<int>(offset - line_start) + 1};
}

bool is_control_character(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F;
}

// Whether it is text at all: yaml-cpp takes some bytes for the end of the file and replaces others.
bool is_text(std::string_view text, Problems& problems) {
  if (text.size() > kMaxConfigBytes) {
    problems.add({1, 1}, "the file has {} bytes; {} are allowed", text.size(), kMaxConfigBytes);
    return false;
  }
  const auto control = std::ranges::find_if(text, is_control_character);
  if (control != text.end()) {
    problems.add(position_at(text, static_cast<std::size_t>(control - text.begin())),
                 "found byte 0x{:02x}; the file must be YAML text in UTF-8",
                 static_cast<unsigned>(static_cast<unsigned char>(*control)));
    return false;
  }
  const std::string valid = base::to_valid_utf8(text);
  if (valid != text) {
    const auto [wrong, replaced] = std::ranges::mismatch(text, valid);
    problems.add(position_at(text, static_cast<std::size_t>(wrong - text.begin())),
                 "this is not UTF-8; the file must be YAML text in UTF-8");
    return false;
  }
  return true;
}

}  // namespace

std::optional<YamlNode> read_yaml(std::string_view text, Problems& problems) {
  if (!is_text(text, problems)) {
    return std::nullopt;
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(text, &problems);
    parser.HandleNextDocument(builder);
    TreeBuilder second(text, &problems);
    if (parser.HandleNextDocument(second)) {
      problems.add(second.start(),
                   "the document has ended, and another begins here; everything stands in one");
      return std::nullopt;
    }
    return builder.take_root();
  } catch (const Refusal& refusal) {
    problems.add(refusal.position, "{}", refusal.message);
    return std::nullopt;
  } catch (const YAML::Exception& exception) {
    const bool has_position = !exception.mark.is_null();
    problems.add(has_position ? position_of(text, exception.mark) : Position{1, 1}, "{}",
                 explained(text, exception));
    return std::nullopt;
  }
}

}  // namespace config
