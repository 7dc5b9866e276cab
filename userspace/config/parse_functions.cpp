#include "config/parse_functions.hpp"

#include <utility>

#include "base/glob.hpp"
#include "config/text_cursor.hpp"

namespace config {
namespace {

constexpr std::size_t kMaxNameLength = 2048;

bool is_acceptable(const LocatedText& name, const Field& field, Patterns patterns, const YamlReader& reader) {
  if (name.text.empty() || is_space(name.text.front()) || is_space(name.text.back())) {
    reader.problems().add(name.position,
                          "{}: \"{}\" is \"{}\"; it must be a function's full name, like "
                          "example.com/shop/cart.(*Cart).Add",
                          field.owner, field.key, name.text);
    return false;
  }
  if (name.text.size() > kMaxNameLength) {
    reader.problems().add(name.position, "{}: \"{}\" has {} bytes; {} are allowed", field.owner, field.key,
                          name.text.size(), kMaxNameLength);
    return false;
  }
  if (patterns == Patterns::kRefused && base::is_glob(name.text)) {
    reader.problems().add(name.position,
                          "{}: \"{}\" is the pattern \"{}\"; here it must be the name of one function, "
                          "or a list of names",
                          field.owner, field.key, name.text);
    return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> parse_functions(const YamlNode& node, const Field& field, Patterns patterns,
                                         const YamlReader& reader) {
  std::vector<std::string> names;
  for (LocatedText& name : reader.text_or_texts(node, field)) {
    if (is_acceptable(name, field, patterns, reader)) {
      names.push_back(std::move(name.text));
    }
  }
  return names;
}

std::optional<Signature> parse_optional_signature(const YamlNode& mapping, const std::string& owner,
                                                  const YamlReader& reader) {
  const YamlNode* const node = find_value(mapping, "signature");
  return node == nullptr ? std::nullopt : reader.signature(*node, {owner, "signature"});
}

}  // namespace config
