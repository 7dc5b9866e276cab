#include "config/preset_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "config/parse_config.hpp"
#include "support/result_matchers.hpp"

namespace config {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(PresetConfig, TakesAMatchWordByWord) {
  ProcessMatch match;
  for (const char* word : {"exe=*/shop", "arg=-module", "arg=a=b", "env.REGION=eu-*"}) {
    EXPECT_TRUE(add_match(match, word)) << word;
  }
  EXPECT_EQ(match.exe, "*/shop");
  EXPECT_THAT(match.args, ElementsAre("-module", "a=b"));
  EXPECT_THAT(match.env, ElementsAre(Pair("REGION", "eu-*")));
  for (const char* word : {"exe=*/other", "*/shop", "exe=", "env.=x", "name=shop", ""}) {
    const auto added = add_match(match, word);
    ASSERT_FALSE(added.has_value()) << word;
    EXPECT_EQ(added.error().message,
              fmt::format("\"{}\" is none of exe=PATTERN (once), arg=TEXT and env.NAME=PATTERN", word));
  }
}

TEST(PresetConfig, NamesTheServiceAfterItsExecutable) {
  for (const auto& [exe, name] :
       std::vector<std::pair<std::string, std::string>>{{"*/shop", "shop"},
                                                        {"/opt/my-shop.v2", "my-shop.v2"},
                                                        {"*/shop-*", "shop"},
                                                        {"*/{a,b}", "ab"},
                                                        {"*/*", "service"},
                                                        {"", "service"}}) {
    EXPECT_EQ(service_name_for({.exe = exe, .args = {}, .env = {}}), name) << exe;
  }
}

TEST(PresetConfig, IsReadAsItIsMeant) {
  const ProcessMatch match{.exe = "*/it's", .args = {"-a: b", "c"}, .env = {{"REGION", "eu-*"}}};
  const std::vector<std::string> presets = {"http-server", "sql"};
  ASSERT_OK_AND_ASSIGN(const ProbeConfig config, parse_config(services_text("shop", match, presets), "f"));
  ASSERT_EQ(config.services.size(), 1U);
  EXPECT_EQ(config.services[0].name, "shop");
  EXPECT_EQ(config.services[0].match, match);
  EXPECT_THAT(config.services[0].presets, ElementsAre("go/http-server", "go/sql"));
}

}  // namespace
}  // namespace config
