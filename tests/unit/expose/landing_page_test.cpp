#include "expose/landing_page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace expose {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(LandingPage, SaysWhatIsGoingOn) {
  metrics::SelfState state;
  state.build.version = "1.2.3";
  state.build.revision = "abc";
  state.services = {{.service = "logic", .processes = 2}};
  state.attached = {{.probe = "logic.login", .sites = 3, .hits = 100}};
  state.not_attached = {{.probe = "logic.send", .reason = "no function SendMessage"}};
  const std::string page = landing_page(state);
  EXPECT_THAT(page, HasSubstr("Version 1.2.3 (abc)"));
  EXPECT_THAT(page, HasSubstr("<a href=\"/metrics\">"));
  EXPECT_THAT(page, HasSubstr("<a href=\"/metrics/logic\">logic</a></td><td class=\"number\">2</td>"));
  EXPECT_THAT(page, HasSubstr("Attached probes (1)"));
  EXPECT_THAT(page,
              HasSubstr("<td>logic.login</td><td class=\"number\">3</td><td class=\"number\">100</td>"));
  EXPECT_THAT(page, HasSubstr("Skipped probes (1)"));
  EXPECT_THAT(page, HasSubstr("<td>logic.send</td><td>no function SendMessage</td>"));
  EXPECT_THAT(page, Not(HasSubstr("http")));  // nothing from elsewhere
}

TEST(LandingPage, DoesNotMentionSkippedProbesWhereThereAreNone) {
  EXPECT_THAT(landing_page({}), Not(HasSubstr("Skipped")));
}

TEST(LandingPage, EscapesEverything) {
  metrics::SelfState state;
  state.not_attached = {{.probe = "a<b>&'\"", .reason = "<script>\xFF"}};
  const std::string page = landing_page(state);
  EXPECT_THAT(page, HasSubstr("a&lt;b&gt;&amp;&#39;&quot;"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;\xEF\xBF\xBD"));
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
}

}  // namespace
}  // namespace expose
