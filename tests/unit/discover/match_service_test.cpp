#include "discover/match_service.hpp"

#include <gtest/gtest.h>

namespace discover {
namespace {

using Words = std::vector<std::string>;

Process make_process(std::string exe, Words arguments, std::map<std::string, std::string> environment = {}) {
  Process process;
  process.exe = std::move(exe);
  process.arguments = std::move(arguments);
  process.environment = std::move(environment);
  return process;
}

TEST(MatchService, ReadsArgumentsAsGoDoes) {
  struct Case {
    const char* name;
    Words wanted;
    Words actual;
    bool expected;
  };

  const Case cases[] = {
      {"flag and value", {"-module", "gateway"}, {"r", "-module", "gateway"}, true},
      {"among others", {"-module", "gateway"}, {"r", "-v", "-module", "gateway", "-x"}, true},
      {"one argument", {"-module", "gateway"}, {"r", "-module=gateway"}, true},
      {"one argument, then more", {"-module", "gateway", "-x"}, {"r", "-module=gateway", "-x"}, true},
      {"one argument, then another",
       {"-module", "gateway", "-x"},
       {"r", "-module=gateway", "-y", "-x"},
       false},
      {"two dashes", {"-module", "gateway"}, {"r", "--module", "gateway"}, true},
      {"two dashes in one argument", {"-module", "gateway"}, {"r", "--module=gateway"}, true},
      {"two dashes wanted", {"--module", "gateway"}, {"r", "-module=gateway"}, true},
      {"equals sign wanted", {"-module=gateway"}, {"r", "--module", "gateway"}, true},
      {"another value", {"-module", "gateway"}, {"r", "-module", "logic"}, false},
      {"longer value", {"-module", "gateway"}, {"r", "-module=gateway2"}, false},
      {"longer flag", {"-module", "gateway"}, {"r", "-module2", "gateway"}, false},
      {"three dashes are no flag", {"-module", "gateway"}, {"r", "---module", "gateway"}, false},
      {"value missing", {"-module", "gateway"}, {"r", "-module"}, false},
      {"not one after another", {"-module", "gateway"}, {"r", "-module", "x", "gateway"}, false},
      {"the second place", {"a", "b"}, {"r", "a", "a", "b"}, true},
      {"flag alone", {"-v"}, {"r", "--v"}, true},
      {"flag alone does not take a value", {"-v"}, {"r", "-v=false"}, false},
      {"flag, then more", {"-v", "-module", "x"}, {"r", "--v", "-module=x"}, true},
      {"subcommand", {"serve"}, {"r", "serve"}, true},
      {"subcommand is no flag", {"serve"}, {"r", "-serve"}, false},
      {"argument 0", {"nginx: worker process"}, {"nginx: worker process"}, true},
      {"empty value", {"-name", ""}, {"r", "-name="}, true},
      {"a dash", {"-"}, {"r", "-"}, true},
      {"no arguments at all", {"-v"}, {}, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(matches({.exe = "", .args = c.wanted, .env = {}}, make_process("/bin/r", c.actual)), c.expected)
        << c.name;
  }
}

TEST(MatchService, StarInExeCrossesFolders) {
  const Process process = make_process("/opt/app/bin/resonance", {});
  const auto exe_matches = [&](const char* glob) {
    return matches({.exe = glob, .args = {}, .env = {}}, process);
  };
  EXPECT_TRUE(exe_matches("*/resonance"));
  EXPECT_TRUE(exe_matches("/opt/*"));
  EXPECT_TRUE(exe_matches("/opt/app/bin/resonance"));
  EXPECT_FALSE(exe_matches("resonance"));
  EXPECT_FALSE(exe_matches("*/resonanc"));
}

TEST(MatchService, ComparesEnvironmentByGlob) {
  const Process process = make_process("", {}, {{"ROLE", "gateway-1"}, {"EMPTY", ""}});
  const auto env_matches = [&](std::map<std::string, std::string> env) {
    return matches({.exe = "", .args = {}, .env = std::move(env)}, process);
  };
  EXPECT_TRUE(env_matches({{"ROLE", "gateway-*"}}));
  EXPECT_TRUE(env_matches({{"ROLE", "gateway-*"}, {"EMPTY", ""}}));
  EXPECT_FALSE(env_matches({{"ROLE", "logic-*"}}));
  EXPECT_FALSE(env_matches({{"ROLE", "gateway-*"}, {"OTHER", "*"}}));
}

TEST(MatchService, NeedsEveryPart) {
  const Process process = make_process("/bin/r", {"r", "-module", "logic"});
  EXPECT_TRUE(matches({.exe = "*/r", .args = {"-module", "logic"}, .env = {}}, process));
  EXPECT_FALSE(matches({.exe = "*/r", .args = {"-module", "task"}, .env = {}}, process));
  EXPECT_FALSE(matches({.exe = "*/s", .args = {"-module", "logic"}, .env = {}}, process));
}

TEST(MatchService, MatchThatNamesNothingHoldsForNobody) {
  EXPECT_FALSE(matches({}, make_process("/bin/r", {})));
}

}  // namespace
}  // namespace discover
