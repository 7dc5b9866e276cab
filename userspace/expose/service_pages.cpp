#include "expose/service_pages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/letters.hpp"
#include "expose/listen_address.hpp"

namespace expose {
namespace {

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return base::lower_case(left) == base::lower_case(right);
}

// "gateway.monitoring" begins with the labels of "gateway".
bool begins_with_name(std::string_view host, std::string_view name) {
  return equal_ignoring_case(host.substr(0, name.size()), name) &&
         (host.size() == name.size() || host[name.size()] == '.');
}

Response no_such_service(std::string_view host, std::span<const std::string> services) {
  return {
      .status = 404,
      .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
      .body = fmt::format(
          "host name \"{}\" is not a service of probes.yaml; configured are: {}. Ask for one of them by its "
          "name, as http://NAME:PORT/metrics, or for /metrics/NAME\n",
          host, fmt::join(services, ", "))};
}

}  // namespace

base::Result<ServiceListener> parse_service_listener(std::string_view text) {
  ServiceListener listener;
  if (const std::size_t equals = text.find('='); equals != std::string_view::npos) {
    if (equals == 0) {
      return base::fail(base::ErrorCode::kInvalidConfig,
                        "\"{}\": no service before \"=\"; write NAME=:9090, or :9090 for all services", text);
    }
    listener.service = text.substr(0, equals);
    text.remove_prefix(equals + 1);
  }
  RETURN_IF_ERROR(parse_listen_address(text));
  listener.address = text;
  return listener;
}

std::optional<std::string_view> service_of_host(std::string_view host,
                                                std::span<const std::string> services) {
  host = host.substr(0, host.find(':'));
  std::optional<std::string_view> found;
  for (const std::string& service : services) {
    if (begins_with_name(host, service) && (!found || service.size() > found->size())) {
      found = service;
    }
  }
  return found;
}

std::variant<Request, Response> on_service_listener(const ServiceListener& listener, Request request,
                                                    std::span<const std::string> services) {
  if (request.path != "/metrics") {
    return request;
  }
  const std::optional<std::string_view> service = listener.service
                                                      ? std::optional<std::string_view>(*listener.service)
                                                      : service_of_host(request.host, services);
  if (!service) {
    return no_such_service(request.host, services);
  }
  request.path = fmt::format("/metrics/{}", *service);
  return request;
}

}  // namespace expose
