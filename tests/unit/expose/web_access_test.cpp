#include "expose/web_access.hpp"

#include <gtest/gtest.h>

namespace expose {
namespace {

constexpr const char* kHash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

Response secret(const Request& /*request*/) {
  return {.status = 200,
          .headers = {{"Content-Type", "text/html"}, {"X-Content-Type-Options", "x"}},
          .body = "secret"};
}

TEST(WebAccess, AddsHeadersAndReplacesOurs) {
  BasicAuth auth;
  const WebAccess access{.config = {.headers = {{"X-Content-Type-Options", "nosniff"},
                                                {"X-Frame-Options", "deny"},
                                                {"X-XSS-Protection", ""}}}};
  const Response expected{.status = 200,
                          .headers = {{"Content-Type", "text/html"},
                                      {"X-Content-Type-Options", "nosniff"},
                                      {"X-Frame-Options", "deny"}},
                          .body = "secret"};
  EXPECT_EQ(restrict_to(access, auth, {}, secret), expected);
}

TEST(WebAccess, ShowsNothingWithoutAPassword) {
  BasicAuth auth;
  const WebAccess access{.config = {.headers = {{"X-Frame-Options", "deny"}}, .users = {{"alice", kHash}}}};
  bool asked = false;
  const Response refused =
      restrict_to(access, auth, {.method = "GET", .path = "/-/healthy"}, [&](const Request& request) {
        asked = true;
        return secret(request);
      });
  const Response expected{.status = 401,
                          .headers = {{"Content-Type", "text/plain; charset=utf-8"},
                                      {"X-Content-Type-Options", "nosniff"},
                                      {"WWW-Authenticate", "Basic"},
                                      {"X-Frame-Options", "deny"}},
                          .body = "Unauthorized\n"};
  EXPECT_EQ(refused, expected);
  EXPECT_FALSE(asked);
  EXPECT_EQ(restrict_to(access, auth, {.authorization = "Basic YWxpY2U6VSpV"}, secret).body, "secret");
}

}  // namespace
}  // namespace expose
