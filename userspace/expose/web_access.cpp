#include "expose/web_access.hpp"

#include <algorithm>

namespace expose {
namespace {

Response unauthorized() {
  return {.status = 401,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"WWW-Authenticate", "Basic"}},
          .body = "Unauthorized\n"};
}

void set_header(Response& response, const std::string& name, const std::string& value) {
  std::erase_if(response.headers, [&](const Header& header) { return header.name == name; });
  response.headers.push_back({name, value});
}

}  // namespace

Response restrict_to(const WebAccess& access, BasicAuth& auth, const Request& request,
                     const std::function<Response(const Request&)>& answer) {
  const bool open = access.config.users.empty();
  Response response =
      open || auth.allows(access.config.users, request.authorization) ? answer(request) : unauthorized();
  for (const auto& [name, value] : access.config.headers) {
    if (!value.empty()) {
      set_header(response, name, value);
    }
  }
  return response;
}

}  // namespace expose
