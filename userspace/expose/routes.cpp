#include "expose/routes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "expose/landing_page.hpp"
#include "expose/negotiate.hpp"

namespace expose {
namespace {

constexpr std::string_view kServicePrefix = "/metrics/";
constexpr std::string_view kHealthy = "/-/healthy";
constexpr std::string_view kReady = "/-/ready";

Response plain_text(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
          .body = std::move(body)};
}

Response metrics_page(const Request& request, Exposed& exposed, std::optional<std::string_view> service) {
  const Negotiated negotiated = negotiate(request.accept, request.accept_encoding);
  base::Result<Page> page = exposed.pages().get(service, negotiated.format, negotiated.gzip);
  if (!page) {
    return plain_text(503, page.error().message + "\n");
  }
  Response response{
      .status = 200,
      .headers = {{"Content-Type", negotiated.content_type}, {"Vary", "Accept, Accept-Encoding"}},
      .body = *std::move(page)};
  if (negotiated.gzip) {
    response.headers.push_back({"Content-Encoding", "gzip"});
  }
  return response;
}

Response service_page(const Request& request, Exposed& exposed) {
  const std::string_view service = std::string_view(request.path).substr(kServicePrefix.size());
  const std::vector<std::string> services = exposed.services();
  if (std::ranges::find(services, service) == services.end()) {
    return plain_text(404, fmt::format("no such service; configured are: {}\n", fmt::join(services, ", ")));
  }
  return metrics_page(request, exposed, service);
}

Response readiness(const Exposed& exposed) {
  const std::optional<std::string> reason = exposed.not_ready_reason();
  return reason ? plain_text(503, "not ready: " + *reason + "\n") : plain_text(200, "ready\n");
}

Response reload(Exposed& exposed) {
  const std::optional<base::Result<>> done = exposed.reload();
  if (!done) {
    return plain_text(403, "start the exporter with --web.enable-lifecycle to reload it so\n");
  }
  return *done ? plain_text(200, "reloaded\n") : plain_text(500, done->error().message + "\n");
}

Response front_page(const Exposed& exposed) {
  return {.status = 200,
          .headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"}},
          .body = landing_page(exposed.self_state())};
}

}  // namespace

bool is_answered_at_once(std::string_view path) {
  return path == kHealthy || path == kReady;
}

Response answer(const Request& request, Exposed& exposed) {
  if (request.path == "/-/reload") {
    if (request.method == "POST" || request.method == "PUT") {
      return reload(exposed);
    }
    Response response = plain_text(405, "only POST and PUT are answered here\n");
    response.headers.push_back({"Allow", "POST, PUT"});
    return response;
  }
  if (request.method != "GET" && request.method != "HEAD") {
    Response response = plain_text(405, "only GET and HEAD are answered here\n");
    response.headers.push_back({"Allow", "GET, HEAD"});
    return response;
  }
  if (request.path == "/metrics") {
    return metrics_page(request, exposed, std::nullopt);
  }
  if (request.path.starts_with(kServicePrefix)) {
    return service_page(request, exposed);
  }
  if (request.path == kHealthy) {
    return plain_text(200, "healthy\n");
  }
  if (request.path == kReady) {
    return readiness(exposed);
  }
  if (request.path == "/") {
    return front_page(exposed);
  }
  return plain_text(404, "not found; see / for what there is\n");
}

}  // namespace expose
