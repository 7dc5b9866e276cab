// Reads typed values out of YAML nodes. Whatever is not what it should be becomes a problem at its own place,
// and the reading goes on, so that one run tells all.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.hpp"
#include "config/syntax.hpp"
#include "config/yaml_node.hpp"

namespace config {

// A value that must stand in the file under a key; `owner` says whose, as in `metric "x"`.
struct Field {
  std::string owner;
  std::string key;
};

struct LocatedText {
  std::string text;
  Position position;
};

class YamlReader {
 public:
  YamlReader(std::string_view source, Problems* problems) : source_(source), problems_(problems) {}

  [[nodiscard]] Problems& problems() const { return *problems_; }

  // Whether it is a mapping whose keys are all allowed. A key that is not gives a problem and false is not
  // returned for it: the other keys can still be read.
  bool expect_mapping(const YamlNode& node, const std::string& owner,
                      std::initializer_list<std::string_view> allowed) const;

  // Whether it is a mapping with keys of the user's choice.
  bool expect_names(const YamlNode& node, const Field& field) const;

  // The value of a key that must be there.
  [[nodiscard]] const YamlNode* require(const YamlNode& mapping, const std::string& owner,
                                        std::string_view key, std::string_view example) const;

  [[nodiscard]] std::optional<std::string> text(const YamlNode& node, const Field& field) const;
  [[nodiscard]] std::vector<LocatedText> texts(const YamlNode& list, const Field& field) const;
  [[nodiscard]] std::vector<LocatedText> text_or_texts(const YamlNode& node, const Field& field) const;
  [[nodiscard]] std::optional<bool> boolean(const YamlNode& node, const Field& field) const;
  [[nodiscard]] std::optional<std::uint32_t> whole_number(const YamlNode& node, const Field& field,
                                                          std::uint32_t lowest, std::uint32_t highest) const;
  [[nodiscard]] std::optional<double> number(const YamlNode& node, const Field& field) const;
  [[nodiscard]] std::optional<std::chrono::seconds> duration(const YamlNode& node, const Field& field) const;
  [[nodiscard]] std::optional<LocatedExpression> expression(const YamlNode& node, const Field& field) const;
  [[nodiscard]] std::optional<Signature> signature(const YamlNode& node, const Field& field) const;

  // One of the words; a problem that lists them otherwise.
  [[nodiscard]] std::optional<std::string> one_of(const YamlNode& node, const Field& field,
                                                  std::initializer_list<std::string_view> words) const;

 private:
  [[nodiscard]] bool expect_list(const YamlNode& node, const Field& field) const;
  void refuse(const YamlNode& node, const Field& field, std::string_view allowed) const;

  // Where byte `offset` of a scalar's value stands in the file, through quotes, escapes and folded lines.
  [[nodiscard]] Position position_inside(const YamlNode& scalar, std::size_t offset) const;

  std::string_view source_;  // the caller's
  Problems* problems_;       // the caller's
};

}  // namespace config
