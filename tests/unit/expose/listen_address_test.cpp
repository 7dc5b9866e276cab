#include "expose/listen_address.hpp"

#include <gtest/gtest.h>

#include "support/result_matchers.hpp"

namespace expose {
namespace {

using base::ErrorCode;
using support::IsError;
using testing::HasSubstr;

TEST(ParseListenAddress, ReadsWhatExportersTake) {
  struct Case {
    const char* text;
    ListenAddress expected;
  };

  const Case cases[] = {
      {":19435", {.host = "", .port = 19435}},
      {"127.0.0.1:0", {.host = "127.0.0.1", .port = 0}},
      {"[::1]:9", {.host = "::1", .port = 9}},
      {"[::]:65535", {.host = "::", .port = 65535}},
      {"localhost:80", {.host = "localhost", .port = 80}},
  };
  for (const Case& c : cases) {
    ASSERT_OK_AND_ASSIGN(const ListenAddress address, parse_listen_address(c.text));
    EXPECT_EQ(address, c.expected) << c.text;
  }
}

TEST(ParseListenAddress, SaysWhatToWrite) {
  for (const char* text : {"", "19435", "localhost", "localhost:", ":65536", ":-1", ":1x", ": 1", "[::1]"}) {
    EXPECT_THAT(parse_listen_address(text), IsError(ErrorCode::kInvalidConfig, HasSubstr("write :19435")))
        << text;
  }
  for (const char* text : {"::1:19435", "[::1:9", "::1]:9", "[]:9", "a:b:1"}) {
    EXPECT_THAT(parse_listen_address(text),
                IsError(ErrorCode::kInvalidConfig, HasSubstr("brackets: [::1]:19435")))
        << text;
  }
}

TEST(ListenOn, LetsTheKernelChooseAPort) {
  for (const char* address : {"127.0.0.1:0", ":0", "localhost:0"}) {
    ASSERT_OK_AND_ASSIGN(const ListeningSocket socket, listen_on(address));
    EXPECT_TRUE(socket.fd) << address;
    EXPECT_GT(socket.port, 0) << address;
  }
}

TEST(ListenOn, SaysWhoElseMayHaveThePort) {
  ASSERT_OK_AND_ASSIGN(const ListeningSocket first, listen_on(":0"));
  for (const std::string host : {"", "127.0.0.1"}) {
    const std::string address = fmt::format("{}:{}", host, first.port);
    EXPECT_THAT(
        listen_on(address),
        IsError(ErrorCode::kIo, fmt::format("listening on {}: address already in use; another exporter? "
                                            "choose another --web.listen-address",
                                            address)));
  }
}

TEST(ListenOn, NamesTheAddressThatIsNotOurs) {
  EXPECT_THAT(listen_on("192.0.2.1:0"), IsError(ErrorCode::kIo, HasSubstr("listening on 192.0.2.1:0: ")));
  EXPECT_THAT(listen_on("no-such-host.invalid:1"),
              IsError(ErrorCode::kInvalidConfig, HasSubstr("listening on no-such-host.invalid:1: ")));
}

}  // namespace
}  // namespace expose
