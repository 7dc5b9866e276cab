#include "config/warnings.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "config/parse_config.hpp"

namespace config {
namespace {

std::vector<std::string> warnings_about(std::string_view pattern) {
  const auto config = parse_config(fmt::format(R"(
services: {{ s: {{ match: {{ exe: "*" }} }} }}
metrics: {{ a_total: {{ type: counter, help: h, labels: [x] }} }}
probes:
  - service: s
    function: main.f
    labels:
      x: {{ value: arg0, regex: {{ match: '{}', replace: y }} }}
    record: [a_total]
)",
                                               pattern),
                                   "p.yaml");
  EXPECT_TRUE(config) << config.error().message;
  return config ? warnings(*config, "p.yaml") : std::vector<std::string>{};
}

TEST(Warnings, NameAPatternThatMeantAPartOfTheText) {
  EXPECT_EQ(warnings_about("api"),
            std::vector<std::string>{
                "p.yaml:8:7: probe \"s/main.f\": label \"x\": regex 'api' must match the whole text, as in "
                "Prometheus; in earlier versions a part was enough. Write '^(?:api)$' for the whole, or "
                "'^.*(?:api).*$' for a part"});
  for (const char* const pattern :
       {"^api", "api$", "^a|b$", "(a)", R"(^api\$)", "^(a)|(b)x", "a.*", ".*a", "(^a|b)$", "^(a)|(b)$"}) {
    EXPECT_EQ(warnings_about(pattern).size(), 1) << pattern;
  }
}

TEST(Warnings, ArePartOfNoPatternThatSaysWhereItEnds) {
  for (const char* const pattern : {"^api$", "^(?:api)$", "^.*(?:api).*$", ".*api.*", "(.*)-(.*)", R"(^a\\$)",
                                    R"(\Aa\z)", "^(a|b)$", "(?i)^a$", "^(/api|/static)/.*", "(^a$)"}) {
    EXPECT_EQ(warnings_about(pattern), std::vector<std::string>{}) << pattern;
  }
}

}  // namespace
}  // namespace config
