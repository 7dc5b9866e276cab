#include "collect/transform_label.hpp"

#include <gtest/gtest.h>

#include <array>

namespace collect {
namespace {

using config::Transform;

std::string transformed(Transform transform, std::string text) {
  return transform_label(std::array{std::move(transform)}, std::move(text));
}

TEST(TransformLabel, AppliesEachKind) {
  struct Case {
    const char* name;
    Transform transform;
    const char* input;
    const char* expected;
  };

  const std::array cases{
      Case{"after last", {.kind = Transform::Kind::kAfterLast, .argument = "/"}, "/a.B/C", "C"},
      Case{"after last, none", {.kind = Transform::Kind::kAfterLast, .argument = "/"}, "abc", "abc"},
      Case{"before first", {.kind = Transform::Kind::kBeforeFirst, .argument = ":"}, "single:a:b", "single"},
      Case{"before first, none", {.kind = Transform::Kind::kBeforeFirst, .argument = ":"}, "abc", "abc"},
      Case{"prefix", {.kind = Transform::Kind::kTrimPrefix, .argument = "*pb."}, "*pb.Chat", "Chat"},
      Case{"suffix", {.kind = Transform::Kind::kTrimSuffix, .argument = ":"}, "router:", "router"},
      Case{"lower", {.kind = Transform::Kind::kLower}, "ChAt", "chat"},
      Case{"upper", {.kind = Transform::Kind::kUpper}, "select", "SELECT"},
      Case{"regex",
           {.kind = Transform::Kind::kRegex,
            .argument = "^/users/\\d+/(\\w+)",
            .replacement = "/users/:id/$1"},
           "/users/17/posts",
           "/users/:id/posts"},
      Case{"regex, no match",
           {.kind = Transform::Kind::kRegex, .argument = "^x", .replacement = "y"},
           "abc",
           "abc"},
      Case{"regex, only a part",
           {.kind = Transform::Kind::kRegex, .argument = "users", .replacement = "y"},
           "/users/17",
           "/users/17"},
      Case{"regex, a part that is meant",
           {.kind = Transform::Kind::kRegex, .argument = ".*users/(\\d).*", .replacement = "n${1}0"},
           "/users/17",
           "n10"},
      Case{"regex, an alternative that is only a part",
           {.kind = Transform::Kind::kRegex, .argument = "a|ab", .replacement = "[$0]"},
           "ab",
           "[ab]"},
      Case{"regex, over lines",
           {.kind = Transform::Kind::kRegex, .argument = "a.*", .replacement = "y"},
           "a\nb",
           "y"},
      Case{"regex, a group that takes no part",
           {.kind = Transform::Kind::kRegex, .argument = "(x)?(a)", .replacement = "<$1$2>\\1$"},
           "a",
           "<a>\\1$"},
      Case{"regex, empty text",
           {.kind = Transform::Kind::kRegex, .argument = "", .replacement = "none"},
           "",
           "none"},
      Case{"map", {.kind = Transform::Kind::kMap, .mapping = {{"1", "single"}}}, "1", "single"},
      Case{"map, not listed", {.kind = Transform::Kind::kMap, .mapping = {{"1", "single"}}}, "3", "3"},
      Case{"map, else",
           {.kind = Transform::Kind::kMap, .mapping = {{"1", "single"}}, .otherwise = "unknown"},
           "3",
           "unknown"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(transformed(test.transform, test.input), test.expected) << test.name;
  }
}

TEST(TransformLabel, AppliesThemInOrder) {
  const std::array transforms{Transform{.kind = Transform::Kind::kAfterLast, .argument = "."},
                              Transform{.kind = Transform::Kind::kLower}};
  EXPECT_EQ(transform_label(transforms, "*gatewayv1.WsPacket_Chat"), "wspacket_chat");
}

TEST(SqlVerb, IsTheFirstWord) {
  EXPECT_EQ(sql_verb("select * from t"), "SELECT");
  EXPECT_EQ(sql_verb("  /* hint */ -- note\n UPDATE t SET a=1"), "UPDATE");
  EXPECT_EQ(sql_verb("(SELECT 1)"), "SELECT");
  EXPECT_EQ(sql_verb(""), "");
}

TEST(SqlTable, IsTheFirstTable) {
  const std::array<std::pair<const char*, const char*>, 12> cases{{
      {"SELECT * FROM `t_user` WHERE a = 1", "t_user"},
      {"select a, b from t_user, t_other", "t_user"},
      {"INSERT INTO \"t_inbox\" (a) VALUES (1)", "t_inbox"},
      {"INSERT IGNORE INTO t_x VALUES (1)", "t_x"},
      {"UPDATE `db`.`t_session` SET a=1", "db.t_session"},
      {"DELETE FROM public.t_session WHERE id IN (SELECT id FROM other)", "public.t_session"},
      {"SELECT count(*) FROM (SELECT * FROM t_inner) AS x", "t_inner"},
      {"CREATE TABLE IF NOT EXISTS t_new (id int)", "t_new"},
      {"SELECT * FROM [dbo].[t_user]", "dbo.t_user"},
      {"SELECT 1", ""},
      {"BEGIN", ""},
      {"SELECT * FROM `unterminated", "unterminated"},
  }};
  for (const auto& [statement, table] : cases) {
    EXPECT_EQ(sql_table(statement), table) << statement;
  }
}

}  // namespace
}  // namespace collect
