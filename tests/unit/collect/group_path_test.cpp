#include "collect/group_path.hpp"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <array>
#include <random>
#include <utility>

#include "collect/transform_label.hpp"

namespace collect {
namespace {

TEST(GroupPath, ReplacesIdentifiers) {
  const std::array<std::pair<const char*, const char*>, 22> cases{{
      {"/users/17/posts", "/users/*/posts"},
      {"/users/17", "/users/*"},
      {"/users/17/", "/users/*/"},
      {"17", "*"},
      {"", ""},
      {"/", "/"},
      {"//7//", "//*//"},
      {"/v1/items", "/v1/items"},
      {"/orders/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/orders/*"},
      {"/orders/3F2504E0-4F89-11D3-9A0C-0305E82C3301/x", "/orders/*/x"},
      {"/orders/3f2504e0-4f89-11d3-9a0c-0305e82c330", "/orders/3f2504e0-4f89-11d3-9a0c-0305e82c330"},
      {"/orders/3f2504e04-f89-11d3-9a0c-0305e82c3301", "/orders/3f2504e04-f89-11d3-9a0c-0305e82c3301"},
      {"/blobs/deadbeef", "/blobs/*"},
      {"/blobs/deadbee", "/blobs/deadbee"},
      {"/blobs/507f1f77bcf86cd799439011", "/blobs/*"},
      {"/feed", "/feed"},
      {"/search?q=17/18", "/search"},
      {"/users/17?page=2", "/users/*"},
      {"/users/17#top", "/users/*"},
      {"?x", ""},
      {"/a b/1.5/-2", "/a b/1.5/-2"},
      {"GET /users/9", "GET /users/*"},
  }};
  for (const auto& [path, route] : cases) {
    EXPECT_EQ(group_path(path).text, route) << path;
    EXPECT_EQ(group_path(group_path(path).text).text, route) << path << ", once more";
  }
}

TEST(GroupPath, LeavesOutASegmentThatIsCut) {
  EXPECT_EQ(group_path("/users/1234", 10), (GroupedPath{"/users/", true}));
  EXPECT_EQ(group_path("/users/1234", 11), (GroupedPath{"/users/*", false}));
  EXPECT_EQ(group_path("/users/1234/posts", 12), (GroupedPath{"/users/*/", true}));
  EXPECT_EQ(group_path("/users?q=1234", 8), (GroupedPath{"/users", false}));
  EXPECT_EQ(group_path("/users", 0), (GroupedPath{"", true}));
}

// The same, said by a library's regular expressions.
TEST(GroupPath, AgreesWithRegularExpressions) {
  const RE2 query("[?#].*");
  const RE2 identifier(
      "(^|/)([0-9]+|[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})(/|$)");
  constexpr std::string_view kLetters = "/////0123456789abcdefABCDEFg-?#.";
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string path;
    for (std::size_t left = random() % 60; left > 0; --left) {
      path += random() % 40 == 0 ? "/3f2504e0-4f89-11d3-9a0c-0305e82c3301"
                                 : std::string(1, kLetters[random() % kLetters.size()]);
    }
    std::string expected = path;
    RE2::Replace(&expected, query, "");
    while (RE2::Replace(&expected, identifier, "\\1*\\4")) {
    }
    ASSERT_EQ(group_path(path).text, expected) << path;
  }
}

TEST(TransformLabel, GroupsPaths) {
  const std::array transforms{
      config::Transform{.kind = config::Transform::Kind::kGroupPath},
      config::Transform{.kind = config::Transform::Kind::kTrimPrefix, .argument = "/api"}};
  EXPECT_EQ(transform_label(transforms, "/api/users/7"), "/users/*");
}

}  // namespace
}  // namespace collect
