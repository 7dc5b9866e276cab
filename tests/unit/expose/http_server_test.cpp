#include "expose/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <future>
#include <string_view>
#include <thread>
#include <vector>

#include "support/raw_http.hpp"
#include "support/result_matchers.hpp"
#include "unit/expose/fake_exposed.hpp"

namespace expose {
namespace {

using support::RawHttp;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kLoopback = "127.0.0.1:0";

// A server of the real routes.
class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override { start({}); }

  void start(const ServerOptions& options, const std::string& address = kLoopback) {
    ASSERT_OK_AND_ASSIGN(ListeningSocket socket, listen_on(address));
    auto started = HttpServer::start(std::move(socket), options,
                                     [this](const Request& request) { return answer(request, exposed_); });
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::make_unique<HttpServer>(std::move(*started));
  }

  [[nodiscard]] RawHttp connect() const { return RawHttp(server_->port()); }

  // The whole answer to a request after which the connection is closed.
  [[nodiscard]] std::string ask(const std::string& first_line, const std::string& headers = "") const {
    return connect()
        .send(first_line + "\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n")
        .receive_all();
  }

  FakeExposed exposed_;
  std::unique_ptr<HttpServer> server_;  // stops before what it serves goes
};

TEST_F(HttpServerTest, AnswersGet) {
  EXPECT_THAT(ask("GET /metrics HTTP/1.1"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                    HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
                    EndsWith("\r\n\r\n# TYPE request_total counter\nrequest_total 1\n")));
  EXPECT_THAT(ask("GET /metrics?collect[]=a HTTP/1.1"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(ask("GET /metrics/logic HTTP/1.1"), EndsWith("request_total 2\n"));
  EXPECT_THAT(ask("GET /metrics HTTP/1.0"), EndsWith("request_total 1\n"));
}

TEST_F(HttpServerTest, NegotiatesWithTheClient) {
  EXPECT_THAT(
      ask("GET /metrics HTTP/1.1", "accept: application/openmetrics-text\r\naccept-encoding: gzip\r\n"),
      AllOf(HasSubstr("application/openmetrics-text"), HasSubstr("\r\nContent-Encoding: gzip\r\n"),
            HasSubstr("\r\n\r\n\x1F\x8B")));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  EXPECT_THAT(ask("HEAD /metrics HTTP/1.1"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Length: 45\r\n"),
                    EndsWith("\r\n\r\n")));
}

TEST_F(HttpServerTest, RefusesOtherMethods) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "BREW", "get"}) {
    EXPECT_THAT(ask(std::string(method) + " /metrics HTTP/1.1"),
                AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("\r\nAllow: GET, HEAD\r\n")))
        << method;
  }
}

TEST_F(HttpServerTest, DoesNotReadBodies) {
  RawHttp client = connect();
  client.send("POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\nabc");
  EXPECT_THAT(client.receive_all(), StartsWith("HTTP/1.1 405 "));
  RawHttp chunked = connect();
  chunked.send("GET /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_THAT(chunked.receive_all(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, TakesPathsAsTheyAreSent) {
  for (const char* path : {"/metrics/../metrics",
                           "/metrics/%2e%2e",
                           "/%6detrics",
                           "/metrics%00",
                           "/metrics%00/x",
                           "/../../etc/passwd",
                           "//metrics",
                           "/metrics/",
                           "*",
                           "metrics",
                           "/..;/metrics",
                           "/metrics/..;/logic",
                           "/metrics%2flogic",
                           "/metrics%2Flogic",
                           "/metrics/%6cogic",
                           "/metrics/./logic",
                           "\\metrics",
                           "/metrics;a=b",
                           "/METRICS",
                           "/metrics/\xC0\xAElogic"}) {
    EXPECT_THAT(ask(std::string("GET ") + path + " HTTP/1.1"), StartsWith("HTTP/1.1 404 ")) << path;
  }
  EXPECT_EQ(exposed_.snapshots, 0);
}

TEST_F(HttpServerTest, BoundsTheRequest) {
  EXPECT_THAT(ask("GET /" + std::string(1000, 'a') + " HTTP/1.1"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("GET /" + std::string(100'000, 'a') + " HTTP/1.1"), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(ask("GET /metrics HTTP/1.1", "X-Long: " + std::string(100'000, 'a') + "\r\n"),
              StartsWith("HTTP/1.1 431 "));
  std::string many;
  for (int i = 0; i < 10'000; ++i) {
    many += "A: b\r\n";
  }
  EXPECT_THAT(ask("GET /metrics HTTP/1.1", many), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("GET /metrics HTTP/1.1"), StartsWith("HTTP/1.1 200 ")) << "it must live on";
}

TEST_F(HttpServerTest, SurvivesWhatIsNotHttp) {
  for (const std::string& bytes :
       {std::string("\r\n\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("\x16\x03\x01\x02\x00\x01", 6),
        std::string(100, '\0'), std::string("GET /metrics HTTP/9.9\r\n\r\n"),
        std::string("GET /metrics HTTP/1.1\r\n\r\n")}) {
    RawHttp client = connect();
    client.send(bytes);
  }
  EXPECT_THAT(ask("GET /metrics HTTP/1.1"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, AnswersOneAfterAnotherOnOneConnection) {
  RawHttp client = connect();
  client.send(
      "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"
      "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
      "GET /metrics/logic HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string all = client.receive_all();
  const std::size_t healthy = all.find("healthy\n");
  const std::size_t head = all.find("Content-Length: 45");
  const std::size_t refused = all.find("HTTP/1.1 405");
  const std::size_t last = all.find("request_total 2\n");
  EXPECT_LT(healthy, head);
  EXPECT_LT(head, refused);
  EXPECT_LT(refused, last);
  EXPECT_NE(last, std::string::npos) << all;
}

TEST_F(HttpServerTest, AnswersManyAtOnce) {
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> clients;
    clients.reserve(8);
    for (int client = 0; client < 8; ++client) {
      clients.emplace_back([&] {
        for (int i = 0; i < 25; ++i) {
          right += ask("GET /metrics HTTP/1.1").ends_with("request_total 1\n") ? 1 : 0;
        }
      });
    }
  }
  EXPECT_EQ(right, 200);
  // Those of one client come one after another, those of several may share one.
  EXPECT_GE(exposed_.snapshots, 25);
  EXPECT_LE(exposed_.snapshots, 200);
}

// Everything else may hang for as long as it likes.
TEST_F(HttpServerTest, AnswersWhatTakesNoTimeAtOnce) {
  std::promise<void> may_go_on;
  std::atomic<int> waiting = 0;
  const std::shared_future<void> wait = may_go_on.get_future().share();
  ASSERT_OK_AND_ASSIGN(ListeningSocket socket, listen_on(kLoopback));
  auto started = HttpServer::start(std::move(socket),
                                   {.threads = 1, .workers = 2, .is_answered_at_once = is_answered_at_once},
                                   [&](const Request& request) {
                                     if (!is_answered_at_once(request.path)) {
                                       ++waiting;
                                       wait.wait();
                                     }
                                     return answer(request, exposed_);
                                   });
  ASSERT_TRUE(started) << started.error().message;
  server_ = std::make_unique<HttpServer>(std::move(*started));
  std::vector<RawHttp> pages;
  for (int i = 0; i < 8; ++i) {
    pages.push_back(connect());
    pages.back().send("GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
  while (waiting < 2) {
    std::this_thread::yield();
  }
  EXPECT_THAT(ask("GET /-/healthy HTTP/1.1"), EndsWith("healthy\n"));
  EXPECT_THAT(ask("GET /-/ready HTTP/1.1"), EndsWith("ready\n"));
  may_go_on.set_value();
  for (RawHttp& page : pages) {
    EXPECT_THAT(page.receive_all(), EndsWith("request_total 1\n"));
  }
}

TEST_F(HttpServerTest, MakesNoPageForAClientThatIsGone) {
  std::promise<void> may_go_on;
  std::atomic<int> begun = 0;
  std::atomic<int> made = 0;
  const std::shared_future<void> wait = may_go_on.get_future().share();
  ASSERT_OK_AND_ASSIGN(ListeningSocket socket, listen_on(kLoopback));
  auto started = HttpServer::start(std::move(socket),
                                   {.threads = 1, .workers = 1, .is_answered_at_once = is_answered_at_once},
                                   [&](const Request& request) {
                                     ++begun;
                                     wait.wait();
                                     ++made;
                                     return answer(request, exposed_);
                                   });
  ASSERT_TRUE(started) << started.error().message;
  server_ = std::make_unique<HttpServer>(std::move(*started));
  const std::string request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  RawHttp first = connect();
  first.send(request);
  while (begun < 1) {
    std::this_thread::yield();
  }
  for (int i = 0; i < 5; ++i) {
    connect().send(request);
  }
  RawHttp last = connect();
  last.send(request);
  may_go_on.set_value();
  EXPECT_THAT(first.receive_all(), EndsWith("request_total 1\n"));
  EXPECT_THAT(last.receive_all(), EndsWith("request_total 1\n"));
  EXPECT_EQ(made, 2);
}

TEST_F(HttpServerTest, MovesWithoutStopping) {
  HttpServer moved = std::move(*server_);
  EXPECT_GT(moved.port(), 0);
  *server_ = std::move(moved);
  EXPECT_THAT(ask("GET /-/healthy HTTP/1.1"), EndsWith("healthy\n"));
}

TEST_F(HttpServerTest, FreesThePortWhenItGoes) {
  const std::string address = fmt::format("127.0.0.1:{}", server_->port());
  const RawHttp open_connection = connect();
  EXPECT_THAT(listen_on(address),
              support::IsError(base::ErrorCode::kIo, HasSubstr("address already in use; another exporter?")));
  server_.reset();
  start({}, address);
  EXPECT_THAT(ask("GET /-/healthy HTTP/1.1"), EndsWith("healthy\n"));
}

TEST_F(HttpServerTest, ClosesConnectionsOnWhichNothingMoves) {
  start({.request_timeout = std::chrono::seconds(1)});
  RawHttp silent = connect();
  RawHttp half = connect();
  half.send("GET /metrics HTTP/1.1\r\nHost:");
  EXPECT_THAT(silent.receive_all(), IsEmpty());
  EXPECT_THAT(half.receive_all(), Not(HasSubstr("200 OK")));
}

TEST_F(HttpServerTest, EndsRequestsThatNeverEnd) {
  start({.request_timeout = std::chrono::seconds(2)});
  RawHttp slow = connect();
  slow.send("GET /metrics HTTP/1.1\r\n");
  // A byte now and then: the connection is never silent for long.
  std::jthread sender([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      slow.send("A");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(slow.receive_all(), Not(HasSubstr("200 OK")));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(50));
}

TEST_F(HttpServerTest, LetsAnIdleClientAskAgain) {
  start({.request_timeout = std::chrono::seconds(3)});
  RawHttp client = connect();
  const auto begin = std::chrono::steady_clock::now();
  // Each request has the whole time for itself.
  for (int i = 0; i < 5; ++i) {
    client.send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_THAT(client.receive_until("healthy\n"), EndsWith("healthy\n")) << i;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  EXPECT_GT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

// A server of one thread, with an answer that is more than the kernel buffers.
class SlowReader : public testing::Test {
 protected:
  void start(unsigned max_connections, std::chrono::seconds request_timeout,
             std::chrono::seconds response_timeout = std::chrono::seconds(60)) {
    ASSERT_OK_AND_ASSIGN(ListeningSocket socket, listen_on(kLoopback));
    auto started = HttpServer::start(
        std::move(socket),
        {.threads = 1,
         .max_connections = max_connections,
         .request_timeout = request_timeout,
         .response_timeout = response_timeout},
        [this](const Request& request) {
          return Response{.status = 200, .headers = {}, .body = request.path == "/big" ? big_ : "small"};
        });
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::make_unique<HttpServer>(std::move(*started));
  }

  [[nodiscard]] RawHttp ask_for_big() const {
    RawHttp slow(server_->port(), 4096);
    slow.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(slow.receive(), StartsWith("HTTP/1.1 200 OK"));
    return slow;
  }

  [[nodiscard]] std::string ask_for_small() const {
    return RawHttp(server_->port())
        .send("GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .receive_all();
  }

  std::string big_ = std::string(32 << 20, 'x');
  std::unique_ptr<HttpServer> server_;
};

TEST_F(SlowReader, DoesNotKeepOthersWaiting) {
  start(2, std::chrono::seconds(60));
  const RawHttp slow = ask_for_big();
  EXPECT_THAT(ask_for_small(), EndsWith("small"));
}

TEST_F(SlowReader, LosesItsConnection) {
  start(1, std::chrono::seconds(1));
  RawHttp slow = ask_for_big();
  // There is one place: it is free only once the slow one has lost it.
  EXPECT_THAT(ask_for_small(), EndsWith("small"));
  EXPECT_LT(slow.receive_all().size(), big_.size());
}

TEST_F(SlowReader, LosesItsConnectionThoughItReadsALittleNowAndThen) {
  start(1, std::chrono::seconds(60), std::chrono::seconds(2));
  RawHttp slow = ask_for_big();
  const std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested() && !slow.receive().empty()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(ask_for_small(), EndsWith("small"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(50));
}

constexpr std::string_view kAliveRequest = "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n";

// One that has an answer; null where there is no client.
RawHttp* wait_for_any(std::vector<RawHttp>& clients) {
  while (!clients.empty()) {
    const auto found = std::ranges::find_if(clients, &RawHttp::has_news);
    if (found != clients.end()) {
      return &*found;
    }
    std::this_thread::yield();
  }
  return nullptr;
}

TEST_F(HttpServerTest, BoundsTheNumberOfConnections) {
  start({.threads = 2, .max_connections = 10});
  std::vector<RawHttp> clients;
  clients.reserve(30);
  for (int i = 0; i < 30; ++i) {
    clients.push_back(connect());
  }
  for (RawHttp& client : clients) {
    client.send(kAliveRequest);
  }
  // Each answer on a connection that has a place is one more time that the server would have looked at the
  // others.
  RawHttp* const first = wait_for_any(clients);
  for (int i = 0; i < 200; ++i) {
    ASSERT_THAT(first->receive_until("healthy\n"), EndsWith("healthy\n")) << i;
    first->send(kAliveRequest);
  }
  EXPECT_LE(std::ranges::count_if(clients, &RawHttp::has_news), 10);
  // The rest wait in the kernel's queue until a place is free.
  for (RawHttp* client = first; client != nullptr; client = wait_for_any(clients)) {
    ASSERT_THAT(client->receive_until("healthy\n"), EndsWith("healthy\n"));
    clients.erase(clients.begin() + (client - clients.data()));
  }
  EXPECT_THAT(clients, IsEmpty());
}

}  // namespace
}  // namespace expose
