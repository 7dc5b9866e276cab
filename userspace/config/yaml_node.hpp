// YAML as a tree of our own: positions everywhere, aliases and merge keys already resolved, size bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/probe_config.hpp"

namespace config {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kNull;
  std::string text;        // of a scalar
  bool is_quoted = false;  // a quoted scalar
  Position position;
  std::size_t offset = 0;  // byte of the source where the node begins
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the order written
};

struct YamlEntry {
  YamlNode key;  // a scalar
  YamlNode value;
};

// The value of a mapping's key; nullptr where there is none.
[[nodiscard]] const YamlNode* find_value(const YamlNode& mapping, std::string_view key);

// A node as messages name it: `a list`, `nothing`, `"text"`.
[[nodiscard]] std::string description_of(const YamlNode& node);

}  // namespace config
