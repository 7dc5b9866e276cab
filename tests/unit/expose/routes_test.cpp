#include "expose/routes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "unit/expose/fake_exposed.hpp"

namespace expose {
namespace {

using testing::Contains;
using testing::HasSubstr;

class Routes : public testing::Test {
 protected:
  Response get(std::string path) {
    return answer({.method = "GET", .path = std::move(path), .accept = "", .accept_encoding = ""}, exposed_);
  }

  FakeExposed exposed_;
};

std::string gunzip(std::string compressed) {
  std::string text(1 << 20, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST_F(Routes, ReloadWhereItIsAllowed) {
  const Request request{.method = "POST", .path = "/-/reload", .accept = "", .accept_encoding = ""};
  EXPECT_EQ(answer(request, exposed_).status, 403);
  exposed_.reloaded.emplace();
  EXPECT_EQ(answer(request, exposed_).status, 200);
  exposed_.reloaded = base::fail(base::ErrorCode::kInvalidConfig, "probes.yaml:1:1: wrong");
  const Response refused = answer(request, exposed_);
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(refused.body, "probes.yaml:1:1: wrong\n");
}

TEST_F(Routes, ReloadByPostAndPutAlone) {
  exposed_.reloaded.emplace();
  for (const char* method : {"POST", "PUT"}) {
    const Response response =
        answer({.method = method, .path = "/-/reload", .accept = "", .accept_encoding = ""}, exposed_);
    EXPECT_EQ(response.status, 200) << method;
    EXPECT_EQ(response.body, "reloaded\n") << method;
  }
  for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS", "post", ""}) {
    const Response response =
        answer({.method = method, .path = "/-/reload", .accept = "", .accept_encoding = ""}, exposed_);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_THAT(response.headers, Contains(Header{"Allow", "POST, PUT"})) << method;
  }
}

TEST_F(Routes, ServeMetrics) {
  EXPECT_EQ(get("/metrics"),
            (Response{.status = 200,
                      .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                                  {"Vary", "Accept, Accept-Encoding"}},
                      .body = "# TYPE request_total counter\nrequest_total 1\n"}));
}

TEST_F(Routes, ServeOneService) {
  EXPECT_EQ(get("/metrics/logic").body, "# TYPE request_total counter\nrequest_total 2\n");
  const Response unknown = get("/metrics/task");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, "no such service; configured are: gateway, logic\n");
}

TEST_F(Routes, ServeOpenMetricsCompressed) {
  const Response response = answer({.method = "GET",
                                    .path = "/metrics",
                                    .accept = "application/openmetrics-text; version=1.0.0",
                                    .accept_encoding = "gzip"},
                                   exposed_);
  EXPECT_THAT(response.headers,
              Contains(Header{"Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8"}));
  EXPECT_THAT(response.headers, Contains(Header{"Content-Encoding", "gzip"}));
  EXPECT_EQ(gunzip(response.body), "# TYPE request counter\nrequest_total 1\n# EOF\n");
}

TEST_F(Routes, AnswerHeadLikeGet) {
  for (const char* path : {"/metrics", "/", "/-/ready", "/nothing"}) {
    const Request head{.method = "HEAD", .path = path, .accept = "", .accept_encoding = ""};
    EXPECT_EQ(answer(head, exposed_), get(path)) << path;
  }
}

TEST_F(Routes, RefuseOtherMethods) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "BREW", ""}) {
    const Response response =
        answer({.method = method, .path = "/metrics", .accept = "", .accept_encoding = ""}, exposed_);
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_THAT(response.headers, Contains(Header{"Allow", "GET, HEAD"}));
  }
  EXPECT_EQ(exposed_.snapshots, 0);
}

TEST_F(Routes, TellHealthFromReadiness) {
  exposed_.reason = "waiting for the first attach round";
  EXPECT_EQ(get("/-/healthy").status, 200);
  EXPECT_EQ(get("/-/ready").status, 503);
  EXPECT_EQ(get("/-/ready").body, "not ready: waiting for the first attach round\n");
  exposed_.reason = std::nullopt;
  EXPECT_EQ(get("/-/ready").status, 200);
  EXPECT_EQ(get("/-/ready").body, "ready\n");
}

TEST_F(Routes, ServeThePageForPeople) {
  const Response response = get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.headers, Contains(Header{"Content-Type", "text/html; charset=utf-8"}));
  EXPECT_THAT(response.body, HasSubstr("1.2.3"));
}

TEST_F(Routes, KnowNoOtherPaths) {
  for (const char* path :
       {"", "/metric", "/metrics/", "/metrics//logic", "/metrics/logic/", "/metrics/../metrics",
        "/metrics/%6cogic", "/%2e%2e/etc/passwd", "//metrics", "/METRICS", "/-/", "metrics"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(exposed_.snapshots, 0);
}

// A page without a part of the counts would show sums that are too low.
TEST_F(Routes, AnswerAnErrorWhereAPageCannotBeReadWhole) {
  exposed_.unreadable =
      base::Error{base::ErrorCode::kKernel, "reading the counts of service logic in /logic: EMFILE"};
  const Response response = get("/metrics");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body, "reading the counts of service logic in /logic: EMFILE\n");
}

}  // namespace
}  // namespace expose
