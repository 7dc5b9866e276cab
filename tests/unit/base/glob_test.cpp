#include "base/glob.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace base {
namespace {

struct Case {
  std::string pattern;
  std::string text;
  bool matches;
};

const std::string kHandler = "example.com/shop/handler.(*Handler).";

TEST(Glob, MatchesFunctionNames) {
  const std::vector<Case> cases = {
      {"main.main", "main.main", true},
      {"main.main", "main.main2", false},
      {"main.main", "xmain.main", false},
      {"", "", true},
      {"", "x", false},
      // `(*Name` is Go's way to write a receiver.
      {kHandler + "Login", kHandler + "Login", true},
      {"p.(*T).F", "p.(anything T).F", false},
      {"p.(*_T).F", "p.(*_T).F", true},
      {"p.(*类).F", "p.(*类).F", true},
      {"p.(*类).F", "p.(x类).F", false},
      // A star is any run without a slash.
      {kHandler + "*", kHandler + "Login", true},
      {kHandler + "*", kHandler, true},
      {"p.(*).F", "p.(*T).F", true},
      {"p.(*).F", "p.(T).F", true},
      {"p.(*).F", "p.F", false},
      {"example.com/*.F", "example.com/shop.F", true},
      {"example.com/*.F", "example.com/shop/cart.F", false},
      {"*Handle*", "p.(*Handler).X", true},
      {"a*b*c", "aXbXbc", true},
      {"a*b*c", "aXbXb", false},
      {"*.func1", "p.F.func1", true},
      // Two stars go over slashes.
      {"**.(*Server).Serve", "example.com/a/b.(*Server).Serve", true},
      {"example.com/**/cart.F", "example.com/a/b/cart.F", true},
      {"example.com/**/cart.F", "example.com/cart.F", false},
      // Alternatives.
      {kHandler + "{Login,Logout}", kHandler + "Logout", true},
      {kHandler + "{Login,Logout}", kHandler + "Login", true},
      {kHandler + "{Login,Logout}", kHandler + "Logi", false},
      {kHandler + "{Login,Logout}", kHandler + "Login-fm", false},
      {"p.{a,b}{c,d}", "p.bc", true},
      {"p.{a,b}{c,d}", "p.ab", false},
      {"p.{a,b{c,d}}", "p.bd", true},
      {"p.{a,b*}.x", "p.bcd.x", true},
      {"p.{,Safe}Do", "p.Do", true},
      {"p.{,Safe}Do", "p.SafeDo", true},
      // Braces without a comma, or without an end, are themselves.
      {"p.F[go.shape.struct {}]", "p.F[go.shape.struct {}]", true},
      {"p.{a", "p.{a", true},
      {"p.a}", "p.a}", true},
      {"p.{a,b", "p.{a,b", true},
      // Characters that mean something elsewhere mean themselves.
      {"p.F[...]", "p.F[...]", true},
      {"p.F?", "p.Fx", false},
      {"nats%2ego.(*Conn).publish", "nats%2ego.(*Conn).publish", true},
      // C++: a pointer's star stands for itself too.
      {"ns::read(char const*)", "ns::read(char const*)", true},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(glob_matches(one.pattern, one.text), one.matches) << one.pattern << " on " << one.text;
  }
}

TEST(Glob, MatchesPathsOverSlashes) {
  const std::vector<Case> cases = {
      {"*/shop", "/app/shop", true},
      {"*/shop", "/usr/local/bin/shop", true},
      {"*/shop", "/app/shop2", false},
      {"/app/shop", "/app/shop", true},
      {"/opt/*/bin/{shop,cart}", "/opt/a/b/bin/cart", true},
      {"(*x)", "(anything x)", true},
      {"*", "", true},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(path_glob_matches(one.pattern, one.text), one.matches) << one.pattern << " on " << one.text;
  }
}

TEST(Glob, TellsPatternsFromNames) {
  for (const char* const pattern : {"p.*", "p.(*)", "p.(*).F", "{a,b}", "**", "p.(*T).Get*", "p.(*1)"}) {
    EXPECT_TRUE(is_glob(pattern)) << pattern;
  }
  for (const char* const name :
       {"", "main.main", "p.(*T).F", "p.F[...]", "p.F[struct {}]", "p.{a", "p.a,b"}) {
    EXPECT_FALSE(is_glob(name)) << name;
  }
}

// Backtracking would take centuries.
TEST(Glob, StaysFastOnHostilePatterns) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) {
    pattern += "*a";
  }
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(1000, 'a')));
  std::string nested;
  for (int i = 0; i < 500; ++i) {
    nested += "{a,";
  }
  EXPECT_FALSE(glob_matches(nested + std::string(500, '}'), std::string(100, 'a')));
}

}  // namespace
}  // namespace base
