// The only file that knows libmicrohttpd.
#include "expose/http_server.hpp"

#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <poll.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "expose/connection_deadlines.hpp"
#include "expose/request_workers.hpp"

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

void let_go(void* body) {
  delete static_cast<Body*>(body);
}

MHD_Result send(MHD_Connection* connection, const Response& response) {
  // libmicrohttpd takes care that HEAD gets no body, and lets go of it when it is sent or the client is gone.
  auto body = std::make_unique<Body>(response.body);
  const std::string_view text = body->text();
  // libmicrohttpd does not write to it.
  MHD_Response* raw = MHD_create_response_from_buffer_with_free_callback_cls(
      text.size(), const_cast<char*>(text.data()), let_go, body.get());
  if (raw == nullptr) {
    return MHD_NO;
  }
  static_cast<void>(body.release());  // let_go() has it
  for (const Header& field : response.headers) {
    MHD_add_response_header(raw, field.name.c_str(), field.value.c_str());
  }
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), raw);
  MHD_destroy_response(raw);
  return queued;
}

// Paths reach the handler as they were sent: "%2e" and "%00" are not for us to interpret.
std::size_t keep_escapes(void* /*context*/, MHD_Connection* /*connection*/, char* text) {
  return std::strlen(text);
}

int socket_of(MHD_Connection* connection) {
  return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

// Whether the client has closed its side: a page for it would be made for nobody.
bool is_gone(int socket) {
  pollfd entry{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return ::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// A request on its way: libmicrohttpd's `state` of it.
struct Pending {
  std::optional<Response> response;  // by a worker; the connection sleeps until it is there
};

// libmicrohttpd wants to know certificates of its own; ours are set in each session before it would ask.
int no_certificate(gnutls_session_int* /*session*/, const gnutls_datum_t* /*authorities*/, int /*count*/,
                   const gnutls_pk_algorithm_t* /*algorithms*/, int /*algorithm_count*/,
                   gnutls_pcert_st** /*chain*/, unsigned* /*chain_length*/, gnutls_privkey_t* /*key*/) {
  return -1;
}

}  // namespace

struct HttpServer::Daemon {
  Daemon(const ServerOptions& server_options, Handler answer)
      : options(server_options), handler(std::move(answer)), workers(server_options.workers) {}

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;
  Daemon(Daemon&&) = delete;
  Daemon& operator=(Daemon&&) = delete;

  ~Daemon() {
    // Before the daemon, which waits for connections that sleep.
    workers.stop();
    if (daemon != nullptr) {
      MHD_stop_daemon(daemon);
    }
  }

  // The callbacks; `self` is the Daemon.
  static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                               const char* version, const char* body, std::size_t* body_size, void** state);
  static void on_connection(void* self, MHD_Connection* connection, void** context,
                            MHD_ConnectionNotificationCode code);
  static void on_response_sent(void* self, MHD_Connection* connection, void** state,
                               MHD_RequestTerminationCode reason);

  void open(MHD_Connection* connection, void** context);
  MHD_Result begin(MHD_Connection* connection, Request request, Pending& pending);

  ServerOptions options;
  Handler handler;
  ConnectionDeadlines deadlines;
  RequestWorkers workers;
  std::uint16_t port = 0;
  MHD_Daemon* daemon = nullptr;
};

// libmicrohttpd calls it once when the headers are there and, unless we answer at once, again at the end of
// the request; `*state` is null the first time.
MHD_Result HttpServer::Daemon::on_request(void* self, MHD_Connection* connection, const char* url,
                                          const char* method, const char* /*version*/, const char* /*body*/,
                                          std::size_t* /*body_size*/, void** state) {
  auto* daemon = static_cast<Daemon*>(self);
  auto* pending = static_cast<Pending*>(*state);
  if (pending == nullptr && !has_body(connection)) {
    *state = new Pending;
    return MHD_YES;
  }
  if (pending != nullptr && pending->response) {
    return send(connection, *pending->response);
  }
  daemon->deadlines.set(socket_of(connection), daemon->options.response_timeout);
  // Bodies are never read: libmicrohttpd closes the connection after an answer to the first call.
  Request request{.method = method,
                  .path = url,
                  .host = header(connection, MHD_HTTP_HEADER_HOST),
                  .accept = header(connection, MHD_HTTP_HEADER_ACCEPT),
                  .accept_encoding = header(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING),
                  .authorization = header(connection, MHD_HTTP_HEADER_AUTHORIZATION)};
  if (pending == nullptr || daemon->options.is_answered_at_once(request.path)) {
    return send(connection, daemon->handler(request));
  }
  return daemon->begin(connection, std::move(request), *pending);
}

// The connection sleeps until a worker has the response; then libmicrohttpd asks for it again.
MHD_Result HttpServer::Daemon::begin(MHD_Connection* connection, Request request, Pending& pending) {
  MHD_suspend_connection(connection);
  const bool is_taken = workers.add([this, connection, &pending, request = std::move(request)] {
    pending.response = is_gone(socket_of(connection)) ? Response{.status = 503, .headers = {}, .body = {}}
                                                      : handler(request);
    MHD_resume_connection(connection);
  });
  if (!is_taken) {
    pending.response = Response{.status = 503, .headers = {}, .body = "stopping\n"};
    MHD_resume_connection(connection);
  }
  return MHD_YES;
}

void HttpServer::Daemon::on_response_sent(void* self, MHD_Connection* connection, void** state,
                                          MHD_RequestTerminationCode /*reason*/) {
  auto* daemon = static_cast<Daemon*>(self);
  delete static_cast<Pending*>(*state);
  *state = nullptr;
  daemon->deadlines.set(socket_of(connection), daemon->options.request_timeout);
}

void HttpServer::Daemon::on_connection(void* self, MHD_Connection* connection, void** context,
                                       MHD_ConnectionNotificationCode code) {
  auto* daemon = static_cast<Daemon*>(self);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    daemon->open(connection, context);
    return;
  }
  daemon->deadlines.forget(socket_of(connection));
  delete static_cast<std::shared_ptr<const TlsCredentials>*>(*context);
}

void HttpServer::Daemon::open(MHD_Connection* connection, void** context) {
  deadlines.set(socket_of(connection), options.request_timeout);
  if (!options.tls) {
    return;
  }
  // Held until the connection is closed: its session uses them.
  auto credentials = std::make_unique<std::shared_ptr<const TlsCredentials>>(options.tls());
  const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  (*credentials)->use_in(static_cast<gnutls_session_int*>(info->tls_session));
  *context = credentials.release();
}

HttpServer::HttpServer(std::unique_ptr<Daemon> daemon) : daemon_(std::move(daemon)) {}

HttpServer::HttpServer(HttpServer&&) noexcept = default;
HttpServer& HttpServer::operator=(HttpServer&&) noexcept = default;
HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
  return daemon_->port;
}

base::Result<HttpServer> HttpServer::start(ListeningSocket socket, const ServerOptions& options,
                                           Handler handler) {
  // *server never moves: the callbacks have its address.
  auto server = std::make_unique<Daemon>(options, std::move(handler));
  server->port = socket.port;
  // An option that is ignored without TLS closes the list early in its stead.
  const MHD_OPTION tls_option = options.tls ? MHD_OPTION_HTTPS_CERT_CALLBACK : MHD_OPTION_END;
  server->daemon = MHD_start_daemon(
      MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME |
          (options.tls ? MHD_USE_TLS : MHD_NO_FLAG),
      0, nullptr, nullptr, Daemon::on_request, server.get(), MHD_OPTION_LISTEN_SOCKET, socket.fd.value(),
      MHD_OPTION_THREAD_POOL_SIZE, options.threads, MHD_OPTION_CONNECTION_LIMIT, options.max_connections,
      MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(options.request_timeout.count()),
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxRequestBytes, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes,
      nullptr, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, Daemon::on_connection,
      server.get(), MHD_OPTION_NOTIFY_COMPLETED, Daemon::on_response_sent, server.get(), tls_option,
      no_certificate, MHD_OPTION_END);
  if (server->daemon == nullptr) {
    return base::fail_errno(errno, "starting the HTTP server on port {}", socket.port);
  }
  std::move(socket.fd).release();  // libmicrohttpd closes it from here on
  return HttpServer(std::move(server));
}

}  // namespace expose
