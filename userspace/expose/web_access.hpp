// Who may read what the server shows.
#pragma once

#include <functional>
#include <memory>

#include "config/web_config.hpp"
#include "expose/basic_auth.hpp"
#include "expose/request.hpp"
#include "expose/tls_credentials.hpp"

namespace expose {

// A web configuration with the files that it names.
struct WebAccess {
  config::WebConfig config;
  std::shared_ptr<const TlsCredentials> tls;  // null for plain HTTP
};

// The answer of `answer` with the configured headers, or 401 to who has no password. All paths are protected.
[[nodiscard]] Response restrict_to(const WebAccess& access, BasicAuth& auth, const Request& request,
                                   const std::function<Response(const Request&)>& answer);

}  // namespace expose
