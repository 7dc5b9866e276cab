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

std::vector<config::Service> services_with(const std::vector<std::string>& exes) {
  std::vector<config::Service> services;
  for (const std::string& exe : exes) {
    services.push_back({.name = "it", .match = {.exe = exe, .args = {"-a"}, .env = {}}});
  }
  return services;
}

TEST(MatchService, KnowsByExeWhatCannotMatch) {
  const auto services = services_with({"*/resonance", "/opt/{a,b}/svc"});
  EXPECT_TRUE(may_match_exe(services, "/srv/resonance"));
  EXPECT_TRUE(may_match_exe(services, "/opt/b/svc"));
  EXPECT_FALSE(may_match_exe(services, "/opt/c/svc"));
  EXPECT_FALSE(may_match_exe({}, "/opt/c/svc"));
  EXPECT_TRUE(may_match_exe(services_with({""}), "/any"));
}

TEST(MatchService, KnowsWhichFileNamesCanMatch) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(possible_file_names(services_with({"*/resonance", "/opt/{a,b}/svc", "svc2"})),
            (Names{"resonance", "svc", "svc2"}));
  EXPECT_EQ(possible_file_names({}), Names{});
  // What may have another name.
  for (const char* exe :
       {"", "*", "/opt/*", "*/svc*", "/opt/{a,b}", "/opt/{a/b,c/d}", "{/a/b,/c/d}", "/opt/{a"}) {
    EXPECT_EQ(possible_file_names(services_with({"*/resonance", exe})), std::nullopt) << exe;
  }
}

}  // namespace
}  // namespace discover
