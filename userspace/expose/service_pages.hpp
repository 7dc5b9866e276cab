// A listener on which each service has its page at /metrics, as a service that counts for itself would have
// it: the host name that the client asked for says which one. Pure: a request in, a request or a refusal out.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.hpp"
#include "expose/request.hpp"

namespace expose {

// `--web.service-listen-address` as written: ":9090" or "NAME=:9090".
struct ServiceListener {
  std::optional<std::string> service;  // whose page it shows; absent: the one that the host name says
  std::string address;                 // as listen_on() takes it

  bool operator==(const ServiceListener&) const = default;
};

[[nodiscard]] base::Result<ServiceListener> parse_service_listener(std::string_view text);

// The service that a Host header names: "gateway", "gateway:9090", "Gateway.monitoring.svc:9090". Of several
// that it could be, the longest name.
[[nodiscard]] std::optional<std::string_view> service_of_host(std::string_view host,
                                                              std::span<const std::string> services);

// What `request` asks for on this listener: of /metrics, the page of one service; other paths are as on the
// main one. Where no service is named, a 404 that says which ones exist.
[[nodiscard]] std::variant<Request, Response> on_service_listener(const ServiceListener& listener,
                                                                  Request request,
                                                                  std::span<const std::string> services);

}  // namespace expose
