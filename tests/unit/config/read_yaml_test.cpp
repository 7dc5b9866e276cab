#include "config/read_yaml.hpp"

#include <gtest/gtest.h>

#include <string>

namespace config {
namespace {

std::string error_of(std::string_view text) {
  Problems problems;
  const std::optional<YamlNode> node = read_yaml(text, problems);
  return problems.empty() ? "" : problems.error("f").message;
}

YamlNode read(std::string_view text) {
  Problems problems;
  std::optional<YamlNode> node = read_yaml(text, problems);
  EXPECT_TRUE(problems.empty()) << problems.error("f").message;
  return node.value_or(YamlNode{});
}

TEST(ReadYaml, KeepsOrderPositionsAndQuotes) {
  const YamlNode root = read("b: 'x'\na: [1, ~]\n");
  ASSERT_EQ(root.entries.size(), 2U);
  EXPECT_EQ(root.entries[0].key.text, "b");
  EXPECT_TRUE(root.entries[0].value.is_quoted);
  EXPECT_EQ(root.entries[0].value.position, (Position{1, 4}));
  const YamlNode& list = root.entries[1].value;
  EXPECT_EQ(list.position, (Position{2, 4}));
  EXPECT_FALSE(list.items[0].is_quoted);
  EXPECT_EQ(list.items[1].kind, YamlNode::Kind::kNull);
}

TEST(ReadYaml, CountsColumnsInCharacters) {
  const YamlNode root = read("{ größe: 1, x: 2 }");
  EXPECT_EQ(root.entries[1].key.position, (Position{1, 13}));
}

TEST(ReadYaml, FollowsAliasesAndMergeKeys) {
  const YamlNode root = read("a: &a { x: 1, y: 2 }\nb: { <<: *a, y: 3 }\nc: { <<: [{ y: 4 }, *a] }\nd: *a\n");
  const YamlNode& own = root.entries[1].value;
  EXPECT_EQ(find_value(own, "x")->text, "1");
  EXPECT_EQ(find_value(own, "y")->text, "3");
  EXPECT_EQ(find_value(own, "<<"), nullptr);
  const YamlNode& first_of_list = root.entries[2].value;
  EXPECT_EQ(find_value(first_of_list, "y")->text, "4");
  EXPECT_EQ(find_value(first_of_list, "x")->text, "1");
  EXPECT_EQ(find_value(root.entries[3].value, "y")->text, "2");
}

TEST(ReadYaml, ReportsDuplicateKeysAtAnyDepth) {
  EXPECT_EQ(error_of("a: { b: [{ c: 1, c: 2 }] }"),
            "f:1:18: duplicate key \"c\", first in line 1; a key stands once");
}

TEST(ReadYaml, RefusesWhatIsNoText) {
  EXPECT_EQ(error_of(std::string("a: b\0c", 6)),
            "f:1:5: found byte 0x00; the file must be YAML text in UTF-8");
  EXPECT_EQ(error_of("a: b\nc: \x04"), "f:2:4: found byte 0x04; the file must be YAML text in UTF-8");
  EXPECT_EQ(error_of("a: \xC0\x80"), "f:1:4: this is not UTF-8; the file must be YAML text in UTF-8");
  EXPECT_EQ(error_of(std::string(kMaxConfigBytes + 1, 'a')),
            "f:1:1: the file has 4194305 bytes; 4194304 are allowed");
}

TEST(ReadYaml, RefusesKeysThatAreNoText) {
  EXPECT_EQ(error_of("? [a]\n: b\n"), "f:1:3: a key is text, found a list");
  EXPECT_EQ(error_of("{ ~: b }"), "f:1:3: a key is text, found nothing");
}

TEST(ReadYaml, LimitsDepthAndSize) {
  EXPECT_NE(error_of(std::string(100'000, '[')).find("nested more than 64 deep"), std::string::npos);
  std::string bomb = "a: &a " + std::string(100'000, 'x') + "\nb:\n";
  for (int i = 0; i < 1000; ++i) {
    bomb += "- *a\n";
  }
  EXPECT_NE(error_of(bomb).find("too large"), std::string::npos);
}

TEST(ReadYaml, GivesNothingForNoDocument) {
  EXPECT_EQ(read("").kind, YamlNode::Kind::kNull);
  EXPECT_EQ(read(" \n# comment\n").kind, YamlNode::Kind::kNull);
  EXPECT_EQ(read("---\n").kind, YamlNode::Kind::kNull);
}

}  // namespace
}  // namespace config
