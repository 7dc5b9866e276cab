// The only file that knows libmicrohttpd.
#include "expose/http_server.hpp"

#include <microhttpd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "expose/listen_address.hpp"

namespace expose {
namespace {

// Request line and headers; libmicrohttpd answers 413, 414 or 431 to what does not fit.
constexpr std::size_t kMaxRequestBytes = 32UL * 1024;

std::string header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? std::string() : std::string(value);
}

bool has_body(MHD_Connection* connection) {
  const std::string length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  return (!length.empty() && length != "0") || !header(connection, MHD_HTTP_HEADER_TRANSFER_ENCODING).empty();
}

MHD_Result send(MHD_Connection* connection, Response response) {
  // libmicrohttpd copies the body and takes care that HEAD gets none.
  MHD_Response* raw =
      MHD_create_response_from_buffer(response.body.size(), response.body.data(), MHD_RESPMEM_MUST_COPY);
  if (raw == nullptr) {
    return MHD_NO;
  }
  for (const Header& field : response.headers) {
    MHD_add_response_header(raw, field.name.c_str(), field.value.c_str());
  }
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), raw);
  MHD_destroy_response(raw);
  return queued;
}

// libmicrohttpd calls it once when the headers are there and, unless we answer at once, again at the end of
// the request; `*state` is null the first time.
MHD_Result on_request(void* handler, MHD_Connection* connection, const char* url, const char* method,
                      const char* /*version*/, const char* /*body*/, std::size_t* /*body_size*/,
                      void** state) {
  const bool is_first_call = *state == nullptr;
  if (is_first_call && !has_body(connection)) {
    *state = handler;
    return MHD_YES;
  }
  // Bodies are never read: libmicrohttpd closes the connection after an answer to the first call.
  const Request request{.method = method,
                        .path = url,
                        .accept = header(connection, MHD_HTTP_HEADER_ACCEPT),
                        .accept_encoding = header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING)};
  return send(connection, (*static_cast<HttpServer::Handler*>(handler))(request));
}

// Paths reach the handler as they were sent: "%2e" and "%00" are not for us to interpret.
std::size_t keep_escapes(void* /*context*/, MHD_Connection* /*connection*/, char* text) {
  return std::strlen(text);
}

}  // namespace

struct HttpServer::Daemon {
  explicit Daemon(Handler answer) : handler(std::move(answer)) {}

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  Daemon(Daemon&&) = delete;
  Daemon& operator=(Daemon&&) = delete;

  ~Daemon() {
    if (daemon != nullptr) {
      MHD_stop_daemon(daemon);
    }
  }

  Handler handler;
  std::uint16_t port = 0;
  MHD_Daemon* daemon = nullptr;
};

HttpServer::HttpServer(std::unique_ptr<Daemon> daemon) : daemon_(std::move(daemon)) {}

HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
  return daemon_->port;
}

base::Result<HttpServer> HttpServer::start(const ServerOptions& options, Handler handler) {
  ASSIGN_OR_RETURN(ListeningSocket socket, listen_on(options.listen_address));
  auto server = std::make_unique<Daemon>(std::move(handler));
  server->port = socket.port;
  // The handler's address stays: it lives in *server, which never moves.
  server->daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD, 0, nullptr, nullptr, on_request, &server->handler,
      MHD_OPTION_LISTEN_SOCKET, socket.fd.value(), MHD_OPTION_THREAD_POOL_SIZE, options.threads,
      MHD_OPTION_CONNECTION_LIMIT, options.max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
      static_cast<unsigned>(options.timeout.count()), MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxRequestBytes,
      MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, nullptr, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  if (server->daemon == nullptr) {
    return base::fail_errno(errno, "starting the HTTP server on {}", options.listen_address);
  }
  std::move(socket.fd).release();  // libmicrohttpd closes it from here on
  return HttpServer(std::move(server));
}

}  // namespace expose
