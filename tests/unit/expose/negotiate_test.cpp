#include "expose/negotiate.hpp"

#include <gtest/gtest.h>

namespace expose {
namespace {

constexpr const char* kText = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kOpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
constexpr const char* kOpenMetricsEscaped =
    "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8";

TEST(Negotiate, PicksTheFormat) {
  struct Case {
    const char* name;
    const char* accept;
    const char* content_type;
  };

  const Case cases[] = {
      {"nothing", "", kText},
      {"anything", "*/*", kText},
      {"a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", kText},
      {"Prometheus 2.42",
       "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpenMetrics},
      {"Prometheus 2.42 with native histograms",
       "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
       "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       kOpenMetrics},
      {"Prometheus 3.5",
       "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
       "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
       "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
       kOpenMetricsEscaped},
      {"text is wanted more", "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.6", kText},
      {"equal: the first", "application/openmetrics-text,text/plain", kOpenMetrics},
      {"equal: the first, the other way", "text/plain,application/openmetrics-text", kText},
      {"OpenMetrics refused", "application/openmetrics-text;q=0,*/*;q=0.1", kText},
      {"an OpenMetrics that we do not have", "application/openmetrics-text;version=0.0.1", kText},
      {"spaces, capitals, quotes",
       " Application/OpenMetrics-Text ; Version=\"1.0.0\" ; Q=0.9 , text/plain;q=0.1", kOpenMetrics},
      {"broken q", "application/openmetrics-text;q=x,text/plain;q=0.1", kText},
      {"q above one", "application/openmetrics-text;q=9,text/plain;q=0.1", kText},
      {"nonsense", ";;,,=;q=;\"", kText},
      {"an escaping nobody knows", "application/openmetrics-text;escaping=x\r\nSet-Cookie: a", kOpenMetrics},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(negotiate(c.accept, "").content_type, c.content_type) << c.name;
    EXPECT_EQ(negotiate(c.accept, "").format, c.content_type == kText ? Format::kText : Format::kOpenMetrics)
        << c.name;
  }
}

TEST(Negotiate, CompressesOnlyOnRequest) {
  struct Case {
    const char* accept_encoding;
    bool gzip;
  };

  const Case cases[] = {
      {"", false},         {"gzip", true},           {"GZIP", true},         {"deflate, gzip;q=0.5", true},
      {"gzip;q=0", false}, {"gzip; q=0.000", false}, {"gzip;q=0, *", false}, {"*", true},
      {"*;q=0", false},    {"identity", false},      {"deflate, br", false}, {"x-gzip", true},
      {"gzipx", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(negotiate("", c.accept_encoding).gzip, c.gzip) << c.accept_encoding;
  }
}

}  // namespace
}  // namespace expose
