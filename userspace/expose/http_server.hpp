// Serves HTTP/1.1, plain or over TLS, until it is destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "expose/listen_address.hpp"
#include "expose/request.hpp"
#include "expose/tls_credentials.hpp"

namespace expose {

struct ServerOptions {
  unsigned threads = 2;   // of the server: they wait for nothing but sockets
  unsigned workers = 16;  // requests answered at the same time
  unsigned max_connections = 1000;
  std::chrono::seconds request_timeout{
      10};  // for a whole request to arrive, handshake included; and for any silence
  std::chrono::seconds response_timeout{60};  // from there until the client has the whole response
  // Whether requests for a path are answered by the server's own threads, as that takes no time.
  std::function<bool(std::string_view path)> is_answered_at_once = [](std::string_view) { return false; };
  // Asked at each new connection; never null pointers. Empty: plain HTTP.
  std::function<std::shared_ptr<const TlsCredentials>()> tls;
};

class HttpServer {
 public:
  // Called from several threads at once. Bodies of requests are not read.
  using Handler = std::function<Response(const Request&)>;

  static base::Result<HttpServer> start(ListeningSocket socket, const ServerOptions& options,
                                        Handler handler);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  HttpServer(HttpServer&&) noexcept;
  HttpServer& operator=(HttpServer&&) noexcept;
  // Waits for running handlers; open connections are closed.
  ~HttpServer();

  // The real one, where the address said 0.
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Daemon;
  explicit HttpServer(std::unique_ptr<Daemon> daemon);

  std::unique_ptr<Daemon> daemon_;
};

}  // namespace expose
