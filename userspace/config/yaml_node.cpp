#include "config/yaml_node.hpp"

#include <fmt/format.h>

namespace config {

const YamlNode* find_value(const YamlNode& mapping, std::string_view key) {
  for (const YamlEntry& entry : mapping.entries) {
    if (entry.key.text == key) {
      return &entry.value;
    }
  }
  return nullptr;
}

std::string description_of(const YamlNode& node) {
  constexpr std::size_t kShown = 40;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMapping:
      return "a mapping";
    case YamlNode::Kind::kScalar:
      break;
  }
  return node.text.size() > kShown ? fmt::format("\"{}...\"", node.text.substr(0, kShown))
                                   : fmt::format("\"{}\"", node.text);
}

}  // namespace config
