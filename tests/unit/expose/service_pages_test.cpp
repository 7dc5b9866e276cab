#include "expose/service_pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace expose {
namespace {

using testing::HasSubstr;

const std::vector<std::string> kServices = {"gateway", "logic", "logic.eu", "a_b-c"};

Request request_of(std::string path, std::string host) {
  return {.method = "GET",
          .path = std::move(path),
          .host = std::move(host),
          .accept = "text/plain",
          .accept_encoding = "gzip",
          .authorization = "Basic eA=="};
}

std::optional<std::string_view> named(std::string_view host) {
  return service_of_host(host, kServices);
}

TEST(ServiceListeners, AsWritten) {
  EXPECT_EQ(parse_service_listener(":9090"), (ServiceListener{.service = std::nullopt, .address = ":9090"}));
  EXPECT_EQ(parse_service_listener("127.0.0.1:0"),
            (ServiceListener{.service = std::nullopt, .address = "127.0.0.1:0"}));
  EXPECT_EQ(parse_service_listener("gateway=[::1]:9091"),
            (ServiceListener{.service = "gateway", .address = "[::1]:9091"}));
}

TEST(ServiceListeners, WhatIsNoAddressIsRefused) {
  for (const char* text : {"", "9090", "gateway", "gateway=", "gateway=9090", ":65536", "a=b=:1x"}) {
    EXPECT_FALSE(parse_service_listener(text)) << text;
  }
  EXPECT_THAT(parse_service_listener("=:9090").error().message, HasSubstr("no service before \"=\""));
}

TEST(HostNames, NameAService) {
  EXPECT_EQ(named("gateway"), "gateway");
  EXPECT_EQ(named("gateway:9090"), "gateway");
  EXPECT_EQ(named("GateWay:9090"), "gateway");
  EXPECT_EQ(named("gateway.monitoring.svc.cluster.local:9090"), "gateway");
  EXPECT_EQ(named("a_b-c:1"), "a_b-c");
}

TEST(HostNames, TheLongestNameWins) {
  EXPECT_EQ(named("logic.eu:9090"), "logic.eu");
  EXPECT_EQ(named("logic.eu.example:9090"), "logic.eu");
  EXPECT_EQ(named("logic.us:9090"), "logic");
}

TEST(HostNames, OthersNameNone) {
  for (const char* host : {"", ":9090", ".", "gatewa", "gateway2", "gateway-2:9090", "10.0.0.7:9090",
                           "[::1]:9090", "www.gateway"}) {
    EXPECT_EQ(named(host), std::nullopt) << host;
  }
}

TEST(ServicePages, MetricsAreThoseOfTheServiceThatTheHostNames) {
  const auto asked = on_service_listener({.service = std::nullopt, .address = ":9090"},
                                         request_of("/metrics", "logic:9090"), kServices);
  const auto& request = std::get<Request>(asked);
  EXPECT_EQ(request.path, "/metrics/logic");
  EXPECT_EQ(request.accept, "text/plain");
  EXPECT_EQ(request.authorization, "Basic eA==");
}

TEST(ServicePages, AListenerOfOneServiceAsksForNoHost) {
  for (const char* host : {"", "10.0.0.7:9091", "logic:9091"}) {
    const auto asked = on_service_listener({.service = "gateway", .address = ":9091"},
                                           request_of("/metrics", host), kServices);
    EXPECT_EQ(std::get<Request>(asked).path, "/metrics/gateway") << host;
  }
}

TEST(ServicePages, OtherPathsStay) {
  for (const char* path : {"/-/ready", "/-/healthy", "/metrics/task", "/metrics/", "/", "/x"}) {
    const auto asked =
        on_service_listener({.service = std::nullopt, .address = ":9090"}, request_of(path, ""), kServices);
    EXPECT_EQ(std::get<Request>(asked).path, path);
  }
}

TEST(ServicePages, AnUnknownHostIsToldTheServices) {
  const auto asked = on_service_listener({.service = std::nullopt, .address = ":9090"},
                                         request_of("/metrics", "10.0.0.7:9090"), kServices);
  const auto& refused = std::get<Response>(asked);
  EXPECT_EQ(refused.status, 404);
  EXPECT_THAT(refused.body, HasSubstr("host name \"10.0.0.7:9090\""));
  EXPECT_THAT(refused.body, HasSubstr("gateway, logic, logic.eu, a_b-c"));
}

}  // namespace
}  // namespace expose
