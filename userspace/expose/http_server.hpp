// Serves HTTP/1.1 until it is destroyed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "expose/request.hpp"

namespace expose {

struct ServerOptions {
  std::string listen_address = ":19435";
  unsigned threads = 4;  // requests answered at the same time
  unsigned max_connections = 1000;
  std::chrono::seconds timeout{10};  // a connection on which nothing moves for so long is closed
};

class HttpServer {
 public:
  // Called from several threads at once. Bodies of requests are not read.
  using Handler = std::function<Response(const Request&)>;

  static base::Result<HttpServer> start(const ServerOptions& options, Handler handler);

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
